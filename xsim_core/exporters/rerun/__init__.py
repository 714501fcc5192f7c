"""Recordings for the rerun viewer: a track alone, and a whole run."""
