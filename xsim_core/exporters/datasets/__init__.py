"""Episodes as datasets of other programs: what they share, and one module a format."""
