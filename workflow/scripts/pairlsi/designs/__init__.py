"""Where to measure: which rows of the data, angles or receivers, leave the least error when there can be few."""
