"""Find the object in a frame, and judge what was found before it is believed."""
