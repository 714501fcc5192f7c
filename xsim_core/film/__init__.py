"""A capture's RGB-D film as stages read it: its frames, and where its camera stood."""
