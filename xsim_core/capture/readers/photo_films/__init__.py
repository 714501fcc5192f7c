"""A colour film of the room, as a phone takes it: which of its frames are the photos."""
