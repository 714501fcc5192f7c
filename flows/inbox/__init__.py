"""New human videos: the folder or bucket that is scanned, and what brings a scan forward."""
