"""What rooms as people film them are made of: wood, cloth, fronts, prints and everyday objects.

All textures are made by code. They have detail at all scales, as real surfaces have, so that
structure from motion finds corners in them, and no print that is anybody's.
"""
