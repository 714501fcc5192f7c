"""The training loop shared by imitation and calibration."""

import contextlib
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xsim_core.errors import TrainingDivergedError
from xsim_core.storage import Progress

from .chunks import ChunkSampler
from .cloning import Trainer, cloning_loss, step_streams
from .config import StudentArchitecture
from .networks import StudentNet, build_net
from .objective import objective_of

CHECKPOINT_EVERY_S = 15.0
SAVES_APART = 10.0
"""As many times longer than a save takes is it until the next: a large network takes seconds."""
REPORT_EVERY_S = 1.0

Auxiliary = Callable[[StudentNet, np.random.Generator], Tensor]
"""A further loss of the network, already weighted, with the step's random stream."""


@contextlib.contextmanager
def torch_threads(count: int) -> Generator[None]:
    """Let torch use ``count`` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, count))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def new_net(
    architecture: StudentArchitecture, *, seed: int, device: torch.device | None = None
) -> StudentNet:
    """A freshly initialised network; torch's global random state is left as it was.

    Its weights are drawn on the CPU, so that they are the same on every device (None: the CPU).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_net(architecture).to(device or torch.device("cpu"))


def fit(
    trainer: Trainer,
    sampler: ChunkSampler,
    *,
    seed: int,
    checkpoint: Path,
    progress: Progress,
    auxiliary: Auxiliary | None = None,
    until: int | None = None,
) -> None:
    """Train until ``trainer.config.num_steps``; resumes from ``checkpoint``.

    With ``until`` it stops before that step, with the checkpoint written: a fit in parts is one.

    There is no limit in seconds: what a policy is must not depend on how busy the machine was.

    Raises:
        TrainingDivergedError: when a loss became NaN or infinite; the last good checkpoint stays.
    """
    config = trainer.config
    objective = objective_of(trainer.net.architecture).on(trainer.device)
    trainer.resume(checkpoint)
    saved = reported = began = time.monotonic()
    save_every = CHECKPOINT_EVERY_S
    end = trainer.config.num_steps if until is None else min(until, trainer.config.num_steps)
    while trainer.step < end:
        fraction = trainer.step / trainer.config.num_steps
        rng, generator = step_streams(seed, trainer.step)
        batch = sampler.draw(config.batch_size, rng=rng)
        loss = cloning_loss(trainer.net, objective, batch, config.noise_draws, generator=generator)
        if auxiliary is not None:
            loss = loss + auxiliary(trainer.net, rng)
        trainer.update(loss, fraction=fraction)
        now = time.monotonic()
        trainer.elapsed_s, began = trainer.elapsed_s + now - began, now
        is_report_due, is_save_due = (
            now - reported > REPORT_EVERY_S,
            now - saved > save_every,
        )
        if is_report_due or is_save_due:
            _check_finite(trainer, checkpoint)
        if is_report_due:
            progress(fraction, training_figures(trainer))
            reported = now
        if is_save_due:
            trainer.save(checkpoint)
            saved = time.monotonic()
            save_every = max(CHECKPOINT_EVERY_S, SAVES_APART * (saved - now))
    _check_finite(trainer, checkpoint)
    if trainer.step == until:
        trainer.save(checkpoint)
    progress(trainer.step / trainer.config.num_steps, training_figures(trainer))


def _check_finite(trainer: Trainer, checkpoint: Path) -> None:
    """Weights that are no numbers stay so: the newest loss tells of all before it."""
    if not trainer.losses or np.isfinite(trainer.losses[-1]):
        return
    first = int(np.argmin(np.isfinite(trainer.losses)))
    trainer.save(dump := checkpoint.with_name("diverged.npz"))
    raise TrainingDivergedError(
        f"the student's training became NaN or infinite at step {first}. Its state is in {dump}. "
        "Lower optim.learning_rate or optim.max_grad_norm."
    )


def training_figures(trainer: Trainer) -> dict[str, float]:
    """Smoothed loss, steps done and steps a second."""
    return {
        "loss": float(np.mean(trainer.losses[-50:])) if trainer.losses else float("inf"),
        "step": float(trainer.step),
        "steps_per_s": trainer.step / max(trainer.elapsed_s, 1e-9),
    }
