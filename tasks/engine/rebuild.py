"""The errors of a stage's process, made again where they are waited for."""

import builtins
from collections.abc import Mapping
from typing import Any

from xsim_core import errors


def rebuild(fields: Mapping[str, Any], stage: str) -> Exception:
    """The exception that a stage's process described, of the nearest class that is known here.

    Only this project's errors and Python's own are made from their names; anything else becomes a
    ``RuntimeError`` that says what it was.
    """
    text, arguments = str(fields["text"]), list(fields["arguments"])
    name = fields["classes"][0]
    found = next((c for c in map(_error_class, fields["classes"]) if c is not None), Exception)
    if found is Exception:
        error: Exception = RuntimeError(f"{name}: {text}")
    else:
        try:
            error = found(*arguments)
        except TypeError:
            # Classes that build their sentence from other arguments.
            error = found.__new__(found)
            error.args = (text,)
    error.add_note(f"In the process of stage {stage}:\n{fields['traceback']}")
    return error


def _error_class(name: str) -> type[Exception] | None:
    for place in (errors, builtins):
        known = getattr(place, name, None)
        if isinstance(known, type) and issubclass(known, Exception):
            return known
    return None
