"""Meshes in the formats people have, with their colours brought into one texture."""
