"""A student is sent out into simulation, and taught where it gets to."""
