"""The GPU as a slot: taken for a stage that computes on one, given back even by a dead holder."""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.concurrency.sync import concurrency

from xsim_core.config import FrozenModel

GPU_SLOT = "xsim-gpu"
"""The concurrency limit; ``xsim deploy --gpu-slots`` says how many there are."""

CUDA_BACKENDS = frozenset({"gsplat", "foundationpose"})

LEASE_S = 60.0
"""Prefect's shortest lease. It is renewed every 45 s; a dead holder's runs out."""


def needs_gpu(config: FrozenModel) -> bool:
    """Whether the configuration chose a backend that runs on CUDA."""
    return getattr(config, "backend", None) in CUDA_BACKENDS


@contextmanager
def gpu_slot(config: FrozenModel) -> Generator[None]:
    """Hold the slot while the block runs, if the configuration needs a GPU.

    Without ``xsim deploy`` there is no such limit and nothing to wait for. A renewal that fails for
    want of the server does not end the stage: hours of training count for more.
    """
    if not needs_gpu(config):
        yield
        return
    with concurrency(GPU_SLOT, lease_duration=LEASE_S, raise_on_lease_renewal_failure=False):
        yield
