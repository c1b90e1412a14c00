"""What every room stands on: the base of all settings, words for errors, finding parts. Names no part."""
