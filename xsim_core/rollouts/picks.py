"""What of somebody's dataset of rollouts is taken in, and as what."""

from xsim_core.config import FrozenModel


class RolloutPicks(FrozenModel):
    """Features of a LeRobot dataset; empty: those that are found by their names."""

    camera: str = ""
    """The feature with the pictures; "": the only one there is, or the larger of X-Sim's two."""
    state: tuple[str, ...] = ()
    """Features, or some of their numbers as ``FEATURE:NAME,NAME``: x y z of the TCP in metres, sine
    and cosine of its yaw, how far the gripper is open (0 to 1)."""
    joints: tuple[str, ...] = ()
    """Likewise: a Panda's seven joints in radians, and both fingers in metres or neither."""
    action: tuple[str, ...] = ()
    """Likewise: the task's."""
    depth: str = ""
    """uint16 millimetres, aligned to the pictures."""
    outcome: str = ""
    """A number a row: 1 where it succeeded, 0 where it did not yet, -1 where nobody knows."""
    instruction: tuple[str, ...] = ()
    """Episodes of these instructions alone."""
