"""The GPU as a slot: taken for a stage that computes on one, given back even by a dead holder."""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.concurrency.sync import concurrency

from xsim_core.config import FrozenModel
from xsim_core.device import find_device
from xsim_core.stage import Stage

GPU_SLOT = "xsim-gpu"
"""The concurrency limit; ``xsim deploy --gpu-slots`` says how many there are."""

CUDA_BACKENDS = frozenset({"gsplat", "foundationpose"})

LEASE_S = 60.0
"""Prefect's shortest lease. It is renewed every 45 s; a dead holder's runs out."""


def needs_gpu(config: FrozenModel) -> bool:
    """Whether the configuration chose a backend that runs on CUDA."""
    return getattr(config, "backend", None) in CUDA_BACKENDS


def computes_on_gpu(stage: Stage, device: str) -> bool:
    """Whether the stage's tensors will be on a GPU, when it is made where this device is asked for.

    Raises:
        MissingDependencyError: when there is no such device here.
    """
    return stage.on_device and device != "cpu" and find_device(device).type == "cuda"


@contextmanager
def gpu_slot(config: FrozenModel, *, is_on_gpu: bool = False) -> Generator[None]:
    """Hold the slot while the block runs, if the configuration needs a GPU or the stage is on one.

    Without ``xsim deploy`` there is no such limit and nothing to wait for. A renewal that fails for
    want of the server does not end the stage: hours of training count for more.
    """
    if not (needs_gpu(config) or is_on_gpu):
        yield
        return
    with concurrency(GPU_SLOT, lease_duration=LEASE_S, raise_on_lease_renewal_failure=False):
        yield
