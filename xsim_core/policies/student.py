"""The image policy as a value: networks, normalisers and closed-loop use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.artifacts import StudentPolicy
from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import (
    ActionChunks,
    Actions,
    RgbImages,
    RgbWindows,
    States,
    StateWindows,
)
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import StudentArchitecture
from .networks import StudentNet, build_net
from .normalizer import MinMaxNormalizer
from .objective import Objective, objective_of


@dataclass(frozen=True)
class Student:
    """A network with the normalisers of its inputs and outputs."""

    net: StudentNet
    state: MinMaxNormalizer
    action: MinMaxNormalizer

    @property
    def architecture(self) -> StudentArchitecture:
        """Shapes and sampling of the network."""
        return self.net.architecture

    @property
    def device(self) -> torch.device:
        """Where the network lives; observations are brought there, and actions from there."""
        return device_of(self.net)

    def on(self, device: torch.device) -> "Student":
        """This student with its network moved to a device."""
        self.net.to(device)
        return self

    def objective(self) -> Objective:
        """What the network was trained for, and how it is sampled."""
        return objective_of(self.architecture).on(self.device)

    @torch.inference_mode()
    def sample_actions(
        self,
        rgb: RgbWindows,
        state: StateWindows,
        noise: ActionChunks,
        *,
        known: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    ) -> ActionChunks:
        """Sample one action chunk an environment.

        Args:
            rgb: (n, To, h, w, 3).
            state: (n, To, s), physical units.
            noise: (n, T, a), standard normal; the only randomness of the sampler.
            known: actions (T, a) in the environment's units that chunks are to keep, and how much
                of each (T,), from 0 to 1.

        Returns:
            (n, T, a) in the environment's units.
        """
        self.net.eval()
        device = self.device
        condition = self.net.condition(
            to_image_tensor(rgb, device), torch.from_numpy(self.state.normalize(state)).to(device)
        )
        chunk = self.objective().sample(
            lambda x, step: self.net.denoise(x, step, condition),
            torch.from_numpy(noise).to(device),
            known=self._known(known, device),
        )
        return self.action.denormalize(chunk.clamp(-1, 1).cpu().numpy())

    def _known(
        self, known: tuple[NDArray[np.float32], NDArray[np.float32]] | None, device: torch.device
    ) -> tuple[Tensor, Tensor] | None:
        if known is None:
            return None
        actions, weights = known
        kept = torch.from_numpy(self.action.normalize(actions)).clamp(-1, 1)
        return kept.to(device), torch.from_numpy(weights)[:, None].to(device)

    def write(self, out: ArtifactWriter) -> None:
        """Store weights and normalisers as plain arrays."""
        out.write_all(state_arrays(self.net), prefix="weights")
        out.write_all(self.state.arrays("state"), prefix="normalizer")
        out.write_all(self.action.arrays("action"), prefix="normalizer")

    @staticmethod
    def read(policy: OpenArtifact[StudentPolicy]) -> "Student":
        """Rebuild a stored student.

        Raises:
            BadInputError: when the stored weights do not fit the stored architecture.
        """
        architecture = StudentArchitecture.model_validate(policy.summary.architecture)
        return Student.from_arrays(
            architecture, policy.arrays("weights"), policy.arrays("normalizer")
        )

    @staticmethod
    def from_arrays(
        architecture: StudentArchitecture,
        weights: Mapping[str, NDArray[Any]],
        normalizer: Mapping[str, NDArray[Any]],
    ) -> "Student":
        """Rebuild a student from the arrays of ``write``, keyed by what follows their prefix.

        Raises:
            BadInputError: when the weights do not fit the architecture, or ranges are missing.
        """
        net = build_net(architecture)
        load_state_arrays(net, weights)
        try:
            return Student(
                net.eval(),
                MinMaxNormalizer.from_arrays("state", normalizer),
                MinMaxNormalizer.from_arrays("action", normalizer),
            )
        except KeyError as error:
            raise BadInputError(f"the ranges of a student lack {error}") from error


def to_image_tensor(rgb: NDArray[np.uint8], device: torch.device | None = None) -> Tensor:
    """(..., h, w, 3) uint8 to (..., 3, h, w) float in [-0.5, 0.5], on a device (None: the CPU).

    Bytes are what travels, a quarter of the floats.
    """
    there = torch.from_numpy(np.ascontiguousarray(rgb)).to(device or torch.device("cpu"))
    return there.movedim(-1, -3).float() / 255.0 - 0.5


def device_of(net: torch.nn.Module) -> torch.device:
    """Where a network's parameters live."""
    return next(net.parameters()).device


def state_arrays(net: torch.nn.Module) -> dict[str, NDArray[np.float32]]:
    """The network's parameters as float32 arrays by name."""
    return {
        name: value.detach().cpu().contiguous().numpy().astype(np.float32)
        for name, value in net.state_dict().items()
    }


def load_state_arrays(net: torch.nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Set the network's parameters.

    Raises:
        BadInputError: when names or shapes differ from the network's.
    """
    try:
        net.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
    except RuntimeError as error:
        raise BadInputError(
            f"stored student weights do not fit their architecture: {error}. "
            "Train the student again with this version."
        ) from error


@dataclass
class ClosedLoopStudent:
    """Receding-horizon control of several environments at once, with one noise stream each.

    An environment's actions depend only on its own seed and observations, never on which other
    environments share the batch, so that paired comparisons stay paired.
    """

    student: Student
    _rngs: list[np.random.Generator] = field(default_factory=list)
    _history: list[list[tuple[NDArray[np.uint8], NDArray[np.float32]]]] = field(
        default_factory=list
    )
    _queue: list[list[NDArray[np.float32]]] = field(default_factory=list)

    def reset(self, seeds: Sequence[int]) -> None:
        """Start one episode for each seed."""
        self._rngs = [np.random.default_rng([seed, 0x57AD]) for seed in seeds]
        self._history = [[] for _ in seeds]
        self._queue = [[] for _ in seeds]

    def act(self, rgb: RgbImages, state: States) -> Actions:
        """The next action of every environment.

        Args:
            rgb: (n, h, w, 3).
            state: (n, s).

        Returns:
            (n, a).

        Raises:
            BadInputError: when ``reset`` was for another number of environments.
        """
        if len(rgb) != len(self._rngs):
            raise BadInputError(
                f"the student was reset for {len(self._rngs)} environments, "
                f"but acts on {len(rgb)}. Call reset(seeds) first."
            )
        for history, image, proprio in zip(self._history, rgb, state, strict=True):
            history.append((image, proprio))
            del history[: -self.student.architecture.n_obs_steps]
        due = [i for i, queue in enumerate(self._queue) if not queue]
        if due:
            self._refill(due)
        return np.stack([queue.pop(0) for queue in self._queue])

    def looks(self) -> NDArray[np.bool_]:
        """(n,) whether the next ``act`` will look at each environment's image.

        Chunks are predicted from the last few observations; those between are overlooked.
        """
        return np.array([len(q) < self.student.architecture.n_obs_steps for q in self._queue])

    def decides(self) -> NDArray[np.bool_]:
        """(n,) whether the next ``act`` will predict a chunk for each environment."""
        return np.array([not queue for queue in self._queue])

    def window(self, i: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """What environment ``i`` saw last, images (To, h, w, 3) and proprioception (To, s).

        The first observations of an episode repeat the first one, as in training.
        """
        seen = self._history[i]
        window = [seen[0]] * (self.student.architecture.n_obs_steps - len(seen)) + seen
        rgb, state = zip(*window, strict=True)
        return np.stack(rgb), np.stack(state).astype(np.float32)

    def _refill(self, due: list[int]) -> None:
        a = self.student.architecture
        noise = np.stack(
            [self._rngs[i].standard_normal((a.horizon, a.action_dim), np.float32) for i in due]
        )
        rgb, state = (np.stack(x) for x in zip(*(self.window(i) for i in due), strict=True))
        chunks = self.student.sample_actions(rgb, state, noise)
        for i, chunk in zip(due, chunks, strict=True):
            self._queue[i] = list(chunk[: a.n_action_steps])
