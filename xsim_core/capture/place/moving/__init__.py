"""A camera that moves: its path, by the room, by what came with the film, and in the world."""
