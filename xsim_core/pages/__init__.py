"""How pages for people are made: templates whose every value is escaped, and pictures inside."""

from .environment import macros, number, quantity, render, words
from .pictures import IMAGES, MAX_INLINE_BYTES, data_uri, image_uri

__all__ = [
    "IMAGES",
    "MAX_INLINE_BYTES",
    "data_uri",
    "image_uri",
    "macros",
    "number",
    "quantity",
    "render",
    "words",
]
