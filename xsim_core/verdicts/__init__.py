"""What later work may believe: a verdict on a track, with its reasons."""

from .track import TrackVerdict, judge_track

__all__ = ["TrackVerdict", "judge_track"]
