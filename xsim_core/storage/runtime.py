"""What a stage is told of where it runs, and what it tells of how far it is."""

from collections.abc import Callable

from xsim_core.config import FrozenModel


class Runtime(FrozenModel):
    """Where and how wide a stage runs. Never part of an artifact's identity."""

    device: str = "cpu"
    num_workers: int = 2


Progress = Callable[[float, dict[str, float]], None]
"""Called with the fraction done in [0, 1] and the key figures so far."""


def no_progress(fraction: float, figures: dict[str, float]) -> None:
    """Tell nobody."""
    del fraction, figures
