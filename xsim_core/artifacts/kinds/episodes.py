"""Episodes, of the simulator and of the robot: what policies are trained on."""

from typing import ClassVar

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S


class EpisodeDataset(Artifact):
    """Episodes concatenated over time; LeRobot's keys, diffusion_policy's ``episode_ends``."""

    kind: ClassVar[str] = "episode_dataset"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "RGB"),
        S("observation.state", "float32", "n s", "proprioception: TCP, yaw, gripper; or as named"),
        S("action", "float32", "n a", "commanded after observing the row; ours in [-1, 1]"),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
        S("env_states", "float32", "n x", "simulator state before the action", optional=True),
        S("T_world_cam", "float32", "e 4 4", "of each episode", optional=True),
        S("K", "float32", "3 3", "pixels", optional=True),
    )
    task: str
    num_episodes: int
    num_steps: int
    num_attempts: int
    """Teacher rollouts that were needed; the rest failed and were dropped."""
    image_hw: tuple[int, int]
    fps: float
    state_names: tuple[str, ...] = ()
    """Of one that was brought, what its numbers are called; () are those of X-Sim's robot."""
    action_names: tuple[str, ...] = ()
    """Likewise; () are the task's."""
    instruction: str = ""
    """Likewise, in words; "" is made from the task's name."""
    robot: str = "panda"
    notes: tuple[str, ...] = ()
    """What was picked, left or changed when it was brought."""


class TeacherRollouts(Artifact):
    """Successful rollouts without pictures: what shards of one dataset are rendered from."""

    kind: ClassVar[str] = "teacher_rollouts"
    arrays: ClassVar[tuple[S, ...]] = (
        S("seeds", "int64", "e", "what camera, light and noise each episode draws"),
        S("env_states", "float32", "n x", "simulator state before the action"),
        S("state", "float32", "n s", "proprioception"),
        S("action", "float32", "n a", "commanded, in [-1, 1]"),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
    )
    task: str
    num_episodes: int
    num_attempts: int


class EpisodeShard(Artifact):
    """The pictures of some consecutive episodes of a dataset that several workers render."""

    kind: ClassVar[str] = "episode_shard"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "RGB"),
        S("episode_ends", "int64", "e", "within this shard"),
        S("T_world_cam", "float32", "e 4 4", "of each episode"),
    )
    first_episode: int
    num_episodes: int


class RealRollouts(Artifact):
    """Rollouts recorded on the robot, failures included."""

    kind: ClassVar[str] = "real_rollouts"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "what the policy saw, RGB"),
        S("observation.images.wide", "uint8", "n hw ww 3", "the camera's larger picture, RGB"),
        S(
            "observation.depth_mm",
            "uint16",
            "n hw ww",
            "aligned to the larger picture; 0 is no measurement",
            optional=True,
        ),
        S("observation.state", "float32", "n s", "proprioception"),
        S(
            "observation.qpos",
            "float32",
            "n 9",
            "from the encoders: seven joints, two fingers; absent where only the TCP was recorded",
            optional=True,
        ),
        S("action", "float32", "n a", "commanded after observing the row, in [-1, 1]"),
        S(
            "time_s",
            "float64",
            "n",
            "when each row's pictures were taken, since the episode's first; absent where a row is "
            "a control step",
            optional=True,
        ),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
        S("seeds", "int64", "e", "of the starts; absent where nobody said", optional=True),
        S(
            "outcome",
            "int8",
            "e",
            "1 it succeeded, 0 it did not, -1 unknown, as somebody at the robot saw it; in a "
            "simulated world nobody may know",
            optional=True,
        ),
        S("T_world_cam", "float64", "4 4", "the nominal camera, as calibrated"),
        S("K", "float64", "3 3", "of what the policy saw, pixels"),
        S("K_wide", "float64", "3 3", "of the larger picture, pixels"),
    )
    task: str
    num_episodes: int
    num_steps: int
    notes: tuple[str, ...] = ()
    """What was dropped or mended when they were taken in."""
