"""Speed, as ratios to a floor in the same run: `make bench`."""
