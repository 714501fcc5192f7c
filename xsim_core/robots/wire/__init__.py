"""A robot on the wire: whoever serves one, whoever drives it, and what the two say."""
