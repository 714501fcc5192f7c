"""What a campaign knows of a format."""

from collections.abc import Callable
from dataclasses import dataclass

from .mutations import in_bytes


@dataclass(frozen=True)
class Format:
    """A reader, and a file for it.

    ``lay`` makes everything in a folder and answers the file that is spoilt; ``read`` takes that
    file. ``share`` is how many inputs of the campaign it gets, as a multiple of the others'.
    """

    lay: Callable
    read: Callable
    structure: Callable = in_bytes
    share: float = 1.0
