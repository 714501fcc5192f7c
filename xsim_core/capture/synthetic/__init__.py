"""A capture that is rendered: a room, an object, a hand, and the sensors that film them."""
