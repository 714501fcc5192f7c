"""A student's training from first weights to last, with the rounds in which it is sent out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from xsim_core.device import find_device
from xsim_core.policies import (
    ChunkSampler,
    Episodes,
    MinMaxNormalizer,
    Student,
    TaughtWindows,
    Trainer,
)
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.fitting import fit, new_net, training_figures
from xsim_core.sim.dagger.rounds import Round, Told
from xsim_core.storage import ArtifactWriter, Progress

from .config import DiffusionConfig

SendOut = Callable[[Student, int, Told], Round]
"""Makes a round of a student: its number from 0, and who hears of its episodes."""


def imitate(
    episodes: Episodes,
    send_out: SendOut | None = None,
    *,
    config: DiffusionConfig,
    out: ArtifactWriter,
    share: float = 1.0,
) -> tuple[Trainer, Student, list[Round]]:
    """Fit a new student to ``episodes``, and to what rounds give; answers these too.

    The student's weights are the moving average.

    Args:
        episodes: the dataset's.
        send_out: makes the rounds of ``config.dagger``.
        config: how.
        out: keeps checkpoint and rounds, and hears the progress.
        share: of the stage's progress.
    """

    def progress(fraction: float, figures: Mapping[str, float]) -> None:
        out.progress(share * fraction, dict(figures))

    training = _Training(episodes, config, out.scratch(), progress, out.runtime.device)
    if send_out is not None:
        training.start_over_where_a_round_is_lost()
        for step in config.round_steps:
            training.fit(until=step)
            training.make_round(send_out)
    training.fit()
    return training.trainer, training.student(), training.rounds


@dataclass
class _Training:
    """Goes on from where its folder says.

    The checkpoint is written before each round and the round is kept beside it before a step is
    made with it, so whatever interrupts it, the training goes on as if nothing had.
    """

    episodes: Episodes
    config: DiffusionConfig
    folder: Path
    progress: Progress
    device_name: str
    rounds: list[Round] = field(default_factory=list)

    def __post_init__(self) -> None:
        config, device = self.config, find_device(self.device_name)
        self.trainer = self._new_trainer()
        self.sampler = ChunkSampler(
            self.episodes,
            MinMaxNormalizer.fit(self.episodes.state),
            MinMaxNormalizer.fit(self.episodes.action),
            self.trainer.net.architecture,
            config.augment,
            config.state_noise,
            device,
            taught_share=config.dagger.share if config.dagger is not None else None,
        )

    def _new_trainer(self) -> Trainer:
        architecture = fitted_architecture(self.config.architecture, self.episodes)
        device = find_device(self.device_name)
        return Trainer(
            new_net(architecture, seed=self.config.seed, device=device), self.config.optim
        )

    @property
    def checkpoint(self) -> Path:
        return self.folder / "student.npz"

    def _round(self, number: int) -> Path:
        return self.folder / f"round_{number}.npz"

    def student(self) -> Student:
        """As it is now."""
        return Student(self.trainer.averaged(), self.sampler.state, self.sampler.action)

    def fit(self, until: int | None = None) -> None:
        fit(
            self.trainer,
            self.sampler,
            seed=self.config.seed,
            checkpoint=self.checkpoint,
            progress=lambda fraction, figures: self.progress(fraction, {**figures, **self._told()}),
            until=until,
        )

    def make_round(self, send_out: SendOut) -> None:
        """The next one, or as it was kept; it is learnt from henceforth."""
        number = len(self.rounds)
        if (made := Round.load(self._round(number))) is None:
            made = send_out(self.student(), number, self._hear)
            made.save(self._round(number))
        self.rounds.append(made)
        taught = TaughtWindows.concatenate([r.windows for r in self.rounds])
        self.sampler = replace(self.sampler, taught=taught)

    def _hear(self, num_done: int, num_succeeded: int) -> None:
        now = {f"dagger_success_{len(self.rounds) + 1}": num_succeeded / num_done}
        fraction = self.trainer.step / self.config.optim.num_steps
        self.progress(fraction, {**training_figures(self.trainer), **self._told(), **now})

    def _told(self) -> dict[str, float]:
        made = enumerate(self.rounds, 1)
        return {f"dagger_success_{k}": float(r.success.mean()) for k, r in made}

    def start_over_where_a_round_is_lost(self) -> None:
        """What was learnt from a round that nobody has any more cannot be gone on with."""
        self.trainer.resume(self.checkpoint)
        passed = [step < self.trainer.step for step in self.config.round_steps]
        if any(p and Round.load(self._round(k)) is None for k, p in enumerate(passed)):
            self.checkpoint.unlink()
            self.trainer = self._new_trainer()


def fitted_architecture(
    architecture: StudentArchitecture, episodes: Episodes
) -> StudentArchitecture:
    """The architecture with the dataset's image size and dimensions."""
    h, w = episodes.rgb.shape[1:3]
    sizes: dict[str, int | tuple[int, int]] = {
        "image_hw": (h, w),
        "state_dim": episodes.state.shape[1],
        "action_dim": episodes.action.shape[1],
    }
    return architecture.model_copy(update=sizes)
