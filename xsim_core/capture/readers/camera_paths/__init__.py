"""A camera's poses that came with its film."""
