"""What a stage may use of time and of this machine, and whether it is to stop."""

import threading
import time
from contextvars import ContextVar

from tasks.settings import Settings
from xsim_core.storage import Runtime

STOP: ContextVar[threading.Event | None] = ContextVar("xsim_stop", default=None)
"""Set by a flow that waits for stages in threads of its own: these do not hear of Ctrl-C."""

SIDE_BY_SIDE: ContextVar[int] = ContextVar("xsim_side_by_side", default=1)
"""Set by a flow that has so many stages run at once on this machine: they share its cores."""

END_S: ContextVar[float | None] = ContextVar("xsim_end", default=None)
"""Set by a flow whose time is limited: when its stages are ended, by ``time.monotonic``."""


def timeout_of(stage: str, settings: Settings) -> float | None:
    """After how many seconds a stage that starts now is ended."""
    limits = [settings.timeout_of(stage)]
    if (end_s := END_S.get()) is not None and end_s != float("inf"):
        limits.append(max(0.0, end_s - time.monotonic()))
    return min((limit for limit in limits if limit is not None), default=None)


def share_of(runtime: Runtime) -> Runtime:
    """What one stage that runs here now may use of this machine."""
    if (num_stages := SIDE_BY_SIDE.get()) == 1:
        return runtime
    return runtime.model_copy(update={"num_workers": max(1, runtime.num_workers // num_stages)})


def raise_if_stopped() -> None:
    """End what this thread does, if the flow that it belongs to is being ended.

    Raises:
        KeyboardInterrupt: as Ctrl-C would in the main thread.
    """
    if (stop := STOP.get()) is not None and stop.is_set():
        raise KeyboardInterrupt
