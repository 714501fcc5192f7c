"""Functions written as text, so that what names them need not import them."""

import importlib
from collections.abc import Callable
from typing import Any


def named(reference: str) -> Callable[..., Any]:
    """The function that ``package:function`` names, imported now."""
    module, _, function = reference.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
