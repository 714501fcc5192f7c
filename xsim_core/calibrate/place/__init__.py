"""Where a robot's camera stands, and where the object lay, as its recordings show it."""
