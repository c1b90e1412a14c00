"""Reports: notebooks run and shown, figures, sections."""
