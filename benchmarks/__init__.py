"""Speed, measured as ratios to other programs in the same run; never in a test."""
