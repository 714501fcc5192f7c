"""A task is data: one YAML file that says how the object's motion becomes waypoints and reward."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from xsim_core.config import FrozenModel, Vec3, refusal
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.files.text import parse_yaml, read_text

TASKS_DIR = Path(__file__).parent / "tasks"
MAX_TASK_BYTES = 1 << 20
MAX_LENGTH_M = 1.0
"""Farther than the arm reaches: what is longer is in millimetres."""
MAX_ANGLE_RAD = 2 * math.pi
"""What is more is in degrees. No rotation is more than half a turn off, so 3.2 asks for none."""


JointOffset = tuple[float, float, float, float, float, float, float]
NO_OFFSET: JointOffset = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Physics(FrozenModel):
    """What may differ between simulators, and between a simulator and the real world."""

    friction: float = Field(default=0.35, gt=0)
    """Static and dynamic friction of object and table (dimensionless)."""
    density_kg_m3: float = Field(default=500.0, ge=10)
    """Density of the object; foam has 10 to 30."""
    action_latency_steps: int = Field(default=0, ge=0, le=5)
    """Control steps between commanding an action and its execution."""
    action_gain: float = Field(default=1.0, gt=0)
    """Executed over commanded displacement."""
    joint_offset_rad: JointOffset = Field(default=NO_OFFSET, exclude_if=lambda v: v == NO_OFFSET)
    """Of each joint of the arm: where it stands minus where its encoder says that it stands."""


class RewardWeights(FrozenModel):
    """Weights of the object-centric terms of X-Sim's reward (see ``reward.py``)."""

    approach: float = 1.0
    """TCP near the object's centre."""
    grasp: float = 1.0
    """Used only by tasks with a controlled gripper."""
    goal_position: float = 1.0
    """Object near the current waypoint."""
    goal_rotation: float = 1.0
    """Object turned as at the current waypoint."""
    waypoint: float = 2.0
    """Bonus for each waypoint already reached, in every step."""
    static: float = 1.0
    """Arm at rest once the object is at its goal."""
    success: float = 1.0
    """In each successful step."""


class StartRandomisation(FrozenModel):
    """Uniform ranges around the nominal start, as in X-Sim appendix 8.3."""

    object_xy_m: float = Field(default=0.02, ge=0, le=MAX_LENGTH_M)
    """Half range of the object's place along x and y."""
    object_yaw_rad: float = Field(default=0.2, ge=0, le=math.pi)
    """Half range of its turn about the vertical."""
    joint_noise_rad: float = Field(default=0.01, ge=0, le=math.pi)
    """Standard deviation on each arm joint, clipped at two of them."""
    demonstration_share: float = Field(default=0.0, ge=0, lt=1)
    """How often an episode of training begins on the demonstrated path with the object in the
    gripper (see ``demonstration_starts.py``). Evaluation never does."""


class TaskSpec(FrozenModel):
    """How to turn an object track into an environment."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """What policies, datasets and evaluations say they are for."""
    num_waypoints: int = Field(default=4, ge=1, le=32)
    """Spread by arc length over the track's motion segments."""
    project_to_table: bool = False
    """Flatten the track onto the table: z and tilt come from the resting pose."""
    symmetric_axis: Vec3 | None = None
    """Object-frame axis about which rotation does not count. None: the object's axis of symmetry,
    where it has one."""

    waypoint_position_m: float = Field(default=0.03, gt=0, le=MAX_LENGTH_M)
    """How near the object's centre must come to a waypoint."""
    waypoint_rotation_rad: float = Field(default=0.4, gt=0, le=MAX_ANGLE_RAD)
    """How near the object's rotation must come to a waypoint's."""
    may_skip_waypoints: bool = False
    """Reaching a later waypoint counts for those before it: an object pushed past one need not
    come back. Off for paths that cross themselves."""
    success_position_m: float = Field(default=0.03, gt=0, le=MAX_LENGTH_M)
    """How near the object's centre must be to the last waypoint, for success."""
    success_rotation_rad: float = Field(default=0.35, gt=0, le=MAX_ANGLE_RAD)
    """How near the object's rotation must be to the last waypoint's, for success."""
    success_object_speed_m_s: float = Field(default=0.05, gt=0)
    """A goal passed in flight is not a goal reached."""
    approach_radius_m: float = Field(default=0.09, gt=0, le=MAX_LENGTH_M)
    """TCP to object centre; first third of task progress."""
    contact_motion_m: float = Field(default=0.01, gt=0, le=MAX_LENGTH_M)
    """Object displacement that counts as contact: the second third of task progress where the
    gripper stays closed. Where it is controlled, a grasp is."""
    reward: RewardWeights = RewardWeights()
    """Weights of the reward's terms."""
    reward_scale: float = Field(default=0.1, gt=0)
    """By which the weighted sum is multiplied."""

    start: StartRandomisation = StartRandomisation()
    """How starts vary between episodes."""
    start_side: Literal["behind", "above"] = "behind"
    """Where the TCP starts: behind the object as seen along its path, or above it with the fingers
    across its narrow side."""
    standoff_m: float = Field(default=0.05, ge=0, le=MAX_LENGTH_M)
    """Free space between the object's outline and a TCP that starts behind it."""
    start_height_m: float = Field(default=0.03, gt=0, le=MAX_LENGTH_M)
    """TCP above the table at the start."""

    sim_freq_hz: int = Field(default=60, ge=1, le=1000)
    """Physics steps a second; a multiple of ``control_freq_hz``."""
    control_freq_hz: int = Field(default=10, ge=1, le=1000)
    """Actions a second."""
    horizon: int = Field(default=45, ge=1, le=1000)
    """Episode length in control steps."""
    action_position_m: float = Field(default=0.02, gt=0, le=MAX_LENGTH_M)
    """Displacement of a full action in one step, along each axis."""
    action_yaw_rad: float = Field(default=0.1, gt=0, le=MAX_ANGLE_RAD)
    """Turn of a full action in one step."""
    tcp_lead_m: float = Field(default=0.04, gt=0, le=MAX_LENGTH_M)
    """The command stays this close to the measured TCP, so that contact cannot wind it up."""
    gripper: Literal["closed", "controlled"] = "closed"
    """Fingers that stay closed push; controlled ones are part of the action, and must grasp."""
    turns: bool = False
    """Whether the action turns the hand about the vertical."""
    workspace_margin_m: float = Field(default=0.14, gt=0, le=MAX_LENGTH_M)
    """Around the object's path, horizontally; the TCP command stays inside."""
    workspace_z_m: tuple[float, float] = (0.018, 0.10)
    """TCP command above the table."""
    physics: Physics = Physics()
    """Friction, density, latency and gain; training and domains may vary them."""

    @property
    def action_names(self) -> tuple[str, ...]:
        """Layout of the action vector, each in [-1, 1]; +1 opens the gripper."""
        turn = ("dyaw",) if self.turns else ()
        return ("dx", "dy", "dz", *turn, *(("gripper",) if self.must_grasp else ()))

    @property
    def must_grasp(self) -> bool:
        """Whether the object is to be held: a grasp is rewarded and counts as progress."""
        return self.gripper == "controlled"

    @property
    def action_dim(self) -> int:
        """Length of the action vector."""
        return len(self.action_names)

    @property
    def control_dt_s(self) -> float:
        """Duration of one control step."""
        return 1.0 / self.control_freq_hz

    @model_validator(mode="after")
    def _can_be_done(self) -> "TaskSpec":
        if self.sim_freq_hz % self.control_freq_hz:
            raise ValueError(
                f"sim_freq_hz {self.sim_freq_hz} is not a multiple of "
                f"control_freq_hz {self.control_freq_hz}"
            )
        if self.gripper == "closed" and self.start.demonstration_share > 0:
            raise ValueError(
                f"start.demonstration_share {self.start.demonstration_share} begins episodes with "
                "the object in the gripper: that needs gripper 'controlled', not 'closed'"
            )
        if self.symmetric_axis is not None and not any(self.symmetric_axis):
            raise ValueError("symmetric_axis (0, 0, 0) has no direction; leave it out for none")
        latency = self.physics.action_latency_steps
        if latency >= self.horizon:
            raise ValueError(
                f"physics.action_latency_steps {latency} leaves nothing of horizon {self.horizon}: "
                "no command would reach the arm before the episode ends"
            )
        return self

    @model_validator(mode="after")
    def _starts_in_its_workspace(self) -> "TaskSpec":
        low, high = self.workspace_z_m
        if not low < high:
            raise ValueError(f"workspace_z_m [{low}, {high}] is upside down: lowest first")
        if low < 0 or high > MAX_LENGTH_M:
            raise ValueError(
                f"workspace_z_m [{low}, {high}] is not within 0 to {MAX_LENGTH_M:g} m above the "
                "table"
            )
        if not low <= self.start_height_m <= high:
            raise ValueError(
                f"start_height_m {self.start_height_m} is not within workspace_z_m [{low}, {high}],"
                " which the hand may not leave"
            )
        return self


def task_names() -> tuple[str, ...]:
    """Names of the tasks that ship with the library."""
    return tuple(sorted(p.stem for p in TASKS_DIR.glob("*.yaml")))


class TaskFile(FrozenModel):
    """What a task's YAML file holds: the fields of a ``TaskSpec``, and ``stages`` beside them."""

    spec: TaskSpec
    stages: Mapping[str, Mapping[str, Any]] = {}
    """Stage → field → value: sizes and budgets that the task asks for where the preset says
    nothing. They are the stages' configuration, no part of the task's identity."""


def load_task(name_or_path: str | Path) -> TaskSpec:
    """The task called so, or the one in this YAML file; see ``load_task_file``."""
    return load_task_file(name_or_path).spec


def load_task_file(name_or_path: str | Path) -> TaskFile:
    """The task called so, or the one in this YAML file, with what it asks of the stages.

    Raises:
        UnknownNameError: when it is neither.
        BadInputError: when the file does not hold a task.
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = TASKS_DIR / f"{name_or_path}.yaml"
    if not path.exists():
        raise UnknownNameError("task", str(name_or_path), task_names())
    text = read_text(path, guessed := [], max_bytes=MAX_TASK_BYTES)
    if guessed:  # There is no place to say it later.
        raise BadInputError(f"{path} is not in UTF-8. Save it as UTF-8.")
    fields = parse_yaml(text, f"{path} is not YAML")
    if not isinstance(fields, dict):
        raise BadInputError(f"{path} holds {type(fields).__name__}, not the fields of a TaskSpec")
    stages = fields.pop("stages", {})
    for name in fields:
        if name not in TaskSpec.model_fields:
            raise UnknownNameError(f"field of {path}", str(name), TaskSpec.model_fields)
    try:
        return TaskFile(spec=TaskSpec.model_validate(fields), stages=stages)
    except ValidationError as error:
        raise BadInputError(f"{path} is no task: {refusal(error, 'task')}") from error
