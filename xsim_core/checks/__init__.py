"""What the parts of a capture say of each other, checked on plain arrays in seconds.

Ingest runs these before anything is stored, stages those that only they can decide.
"""
