"""Who else wants to hear about a stage's progress: the terminal, through one context variable."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from xsim_core.artifacts import ArtifactRef


class Observer(Protocol):
    """Hears what happens to each stage of a run, in the process that runs it."""

    def started(self, stage: str) -> None:
        """The stage begins (or is found to be done already)."""
        ...

    def progressed(self, stage: str, fraction: float, figures: dict[str, float]) -> None:
        """The stage says how far it is."""
        ...

    def finished(
        self, stage: str, ref: ArtifactRef | None, *, reused: bool, other_code: str = ""
    ) -> None:
        """The stage's artifact is there; made by other code than this, in words, or ""."""
        ...

    def noted(self, stage: str, notes: Sequence[str]) -> None:
        """What the stage guessed, dropped or mended in what a person brought."""
        ...

    def failed(self, stage: str, error: BaseException) -> None:
        """The stage gave up this attempt, or was ended."""
        ...


class Silent:
    """Hears and says nothing: what a worker without a terminal uses."""

    def started(self, stage: str) -> None:
        """Nothing."""

    def progressed(self, stage: str, fraction: float, figures: dict[str, float]) -> None:
        """Nothing."""

    def finished(
        self, stage: str, ref: ArtifactRef | None, *, reused: bool, other_code: str = ""
    ) -> None:
        """Nothing."""

    def noted(self, stage: str, notes: Sequence[str]) -> None:
        """Nothing."""

    def failed(self, stage: str, error: BaseException) -> None:
        """Nothing."""


OBSERVER: ContextVar[Observer] = ContextVar("xsim_observer", default=Silent())  # noqa: B039
"""Set by the command line around a flow; a synchronous task runs in its caller's context."""
