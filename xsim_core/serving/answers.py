"""An image policy as what a server answers: an observation in, a chunk of actions out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, StudentPolicy
from xsim_core.errors import BadInputError, CorruptArtifactError
from xsim_core.exporters.robot_words import robot_words
from xsim_core.exporters.source import Source
from xsim_core.policies import Student
from xsim_core.storage import ArtifactStore

IMAGE, STATE, SEED = "observation.images.front", "observation.state", "seed"


@dataclass(frozen=True)
class PolicyAnswers:
    """A policy, and what a client is told of it when it connects.

    Nothing is kept between requests: a client that looks again after some steps of a chunk gets
    what its observation asks for, whoever else was served in between.
    """

    student: Student
    metadata: dict[str, Any]

    @staticmethod
    def read(store: ArtifactStore, ref: ArtifactRef) -> "PolicyAnswers":
        """The policy in a store, every byte of which is compared with its manifest.

        Raises:
            BadInputError: when it is no image policy.
            CorruptArtifactError: when bytes are missing or are not those that were committed.
        """
        if ref.kind != StudentPolicy.kind:
            raise BadInputError(f"{ref} is no image policy: 'diffusion' and 'calibrate' make them.")
        problems = store.verify(ref)
        if problems:
            raise CorruptArtifactError(f"{ref} is not served: {problems[0]}")
        policy = store.open(ref, StudentPolicy)
        student = Student.read(policy)
        a = student.architecture
        return PolicyAnswers(
            student,
            {
                "policy": str(ref),
                "task": policy.summary.task,
                "is_calibrated": policy.summary.is_calibrated,
                "observation": {IMAGE: list(_image_shape(student)), STATE: _state_shape(student)},
                "actions": [a.horizon, a.action_dim],
                "n_action_steps": a.n_action_steps,
                "action": robot_words(Source(policy, store)).action,
            },
        )

    def infer(self, observation: dict[str, Any], *, rng: np.random.Generator) -> dict[str, Any]:
        """The next chunk.

        Args:
            observation: ``observation.images.front`` uint8 (h, w, 3) RGB and ``observation.state``
                (s,); each with an axis in front where the policy looks at several observations.
                ``seed``, where it is there, decides the noise: equal requests get equal chunks.
            rng: draws the noise of requests without a seed.

        Returns:
            ``actions``, float32 (T, a) in [-1, 1], or in the units of a dataset that was brought;
            the first ``n_action_steps`` are to be executed.

        Raises:
            BadInputError: for observations that are missing or do not fit.
        """
        image, state = self._observed(observation)
        seed = observation.get(SEED)
        if seed is not None:
            if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
                raise BadInputError(f"{SEED} is {str(seed)[:40]}; it is a whole number from 0")
            rng = np.random.default_rng([int(seed), 0x57AD])
        a = self.student.architecture
        noise = rng.standard_normal((1, a.horizon, a.action_dim), np.float32)
        return {"actions": self.student.sample_actions(image, state, noise)[0]}

    def _observed(self, given: dict[str, Any]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        missing = [name for name in (IMAGE, STATE) if not isinstance(given.get(name), np.ndarray)]
        if missing:
            raise BadInputError(
                f"the observation lacks the array {' and '.join(missing)}; it has "
                f"{', '.join(sorted(given))[:200] or 'nothing'}"
            )
        image, state = given[IMAGE], given[STATE]
        if image.dtype != np.uint8 or image.shape != _image_shape(self.student):
            raise BadInputError(
                f"{IMAGE} is {image.dtype} {image.shape}; this policy takes uint8 "
                f"{_image_shape(self.student)}, RGB from 0 to 255"
            )
        if list(state.shape) != _state_shape(self.student) or not np.isfinite(state).all():
            raise BadInputError(
                f"{STATE} has shape {state.shape}; this policy takes "
                f"{tuple(_state_shape(self.student))} finite numbers"
            )
        n = self.student.architecture.n_obs_steps
        rows = np.array(image).reshape(1, n, *image.shape[-3:])  # torch wants it writable.
        return rows, state.astype(np.float32).reshape(1, n, -1)


def _image_shape(student: Student) -> tuple[int, ...]:
    a = student.architecture
    return (*((a.n_obs_steps,) if a.n_obs_steps > 1 else ()), *a.image_hw, 3)


def _state_shape(student: Student) -> list[int]:
    a = student.architecture
    return [*([a.n_obs_steps] if a.n_obs_steps > 1 else []), a.state_dim]
