"""Static security analysis: runs scanners that others made, and wants a written reason for each finding that stays."""
