"""The one error tree. Errors say what failed, which thing, what else there was, and the mend."""

import difflib
from collections.abc import Iterable


class XSimError(Exception):
    """Base of every error a user can mend. The command line prints it without a traceback."""


class BadInputError(XSimError):
    """Input from outside cannot be used as it is. Retrying does not help."""


class MissingArtifactError(XSimError):
    """An artifact that a stage or a person asked for is not in the store."""


class CorruptArtifactError(XSimError):
    """Bytes in the store differ from what the manifest promised."""


class QualityGateError(XSimError):
    """A stage finished but its measured quality is below the configured gate."""


class MissingDependencyError(XSimError):
    """A driver, a system package or an optional library is missing."""


class UnknownNameError(XSimError):
    """A name is not among the known ones; lists them."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1) or [
            known for known in names if known.lower() == name.lower()
        ]
        hint = f" Did you mean '{close[0]}'?" if close else ""
        listed = ", ".join(names) or "none"
        shown = name if name.isprintable() else ascii(name)[1:-1]
        super().__init__(f"unknown {what} '{shown}'.{hint} Known: {listed}.")


class StageTimeoutError(XSimError):
    """A stage took longer than the limit that somebody set. It would again; nothing is retried."""


class StageDiedError(XSimError):
    """The process of a stage ended without a word. Trying again can help."""


class TrainingDivergedError(XSimError):
    """A loss, a reward or an observation of a training became NaN or infinite."""


class OutOfDeviceMemoryError(XSimError):
    """A GPU's memory was too small. It would be again; nothing is retried."""


class StoreUnreachableError(XSimError):
    """The store did not answer for as long as it is waited for; what was committed is in it."""


class StoreFullError(XSimError):
    """The disk or quota of the store or its scratch is full. Nothing committed is lost."""
