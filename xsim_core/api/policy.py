"""The image policy of a run, for one robot."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, StudentPolicy
from xsim_core.errors import BadInputError
from xsim_core.policies import ClosedLoopStudent, Student

from .store import StoreLike, open_artifact


@dataclass
class Policy:
    """An image-conditioned diffusion policy in closed loop: one observation in, one action out.

    It predicts chunks of actions and executes the first few before it looks again (receding
    horizon, Chi et al. 2023); call ``act`` once a control step and ``reset`` before each episode.
    """

    ref: ArtifactRef[StudentPolicy]
    """Which artifact this is."""
    summary: StudentPolicy
    """Task, whether it is calibrated, how it was trained."""
    student: Student
    """The network and its normalisers; ``policies.ClosedLoopStudent`` drives several robots."""
    _loop: ClosedLoopStudent = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._loop = ClosedLoopStudent(self.student)
        self.reset()

    @property
    def image_hw(self) -> tuple[int, int]:
        """Height and width of the image it takes, pixels."""
        return self.student.architecture.image_hw

    @property
    def state_dim(self) -> int:
        """Length of the proprioception it takes."""
        return self.student.architecture.state_dim

    @property
    def action_dim(self) -> int:
        """Length of the action it answers."""
        return self.student.architecture.action_dim

    def reset(self, seed: int = 0) -> None:
        """Begin an episode: forget observations and queued actions.

        Args:
            seed: of the noise that the sampler starts from; equal seeds and observations give equal
                actions.
        """
        self._loop.reset([seed])

    def act(self, rgb: NDArray[np.uint8], state: NDArray[np.floating]) -> NDArray[np.float32]:
        """The next action.

        Args:
            rgb: (h, w, 3) uint8 of ``image_hw``, RGB, from the camera that the policy was trained
                for.
            state: (s,) proprioception: TCP position x, y, z in metres in the robot-base frame, sine
                and cosine of the TCP's yaw, and the gripper's opening in [0, 1].

        Returns:
            (a,) float32 in [-1, 1]: dx, dy, dz of the TCP, dyaw where the task turns, and the
            gripper (1 is open) where it controls that: ``TaskSpec.action_names``. Its
            ``action_position_m`` and ``action_yaw_rad`` say what a full action moves in one step.

        Raises:
            BadInputError: for another shape or dtype, or numbers that are not finite.
        """
        image, proprio = np.asarray(rgb), np.asarray(state, np.float32)
        wanted = (*self.image_hw, 3)
        if image.shape != wanted or image.dtype != np.uint8:
            raise BadInputError(
                f"rgb is {image.dtype} {image.shape}; {self.ref} takes uint8 {wanted}. "
                "Resize the camera's RGB image to that, values 0 to 255."
            )
        if proprio.shape != (self.state_dim,) or not np.isfinite(proprio).all():
            raise BadInputError(
                f"state is {proprio.tolist()}; {self.ref} takes {self.state_dim} finite numbers: "
                "TCP x, y, z in metres, sine and cosine of its yaw, the gripper's opening."
            )
        return self._loop.act(image[None], proprio[None])[0]


def load_policy(name: str | ArtifactRef[StudentPolicy], *, store: StoreLike = None) -> Policy:
    """The image policy that ``diffusion`` or ``calibrate`` made, on the CPU.

    Args:
        name: ``RUN:STAGE`` (``"demo:calibrate"``), ``kind/fingerprint``, first digits, or a ref.
        store: where it lies; by default ``open_store()``.

    Returns:
        The policy, reset and ready to act.

    Raises:
        UnknownNameError: when there is no such artifact; lists what there is.
        BadInputError: when it is of another kind; names what the run has of this one.
    """
    opened = open_artifact(name, StudentPolicy, store=store)
    return Policy(opened.ref, opened.summary, Student.read(opened))
