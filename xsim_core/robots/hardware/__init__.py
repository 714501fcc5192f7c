"""Drivers of robots that can be bought. None of them was ever run on hardware here."""
