"""A track of the object that somebody already has: read, checked for form, brought to the film."""
