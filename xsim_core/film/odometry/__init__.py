"""Where a moving RGB-D camera was, told by the room that it saw: no board, nobody's poses."""

from .follow import RoomPath, follow_room

__all__ = ["RoomPath", "follow_room"]
