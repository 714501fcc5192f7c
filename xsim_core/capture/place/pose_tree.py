"""The pose in a JSON or YAML file: matrices, OpenCV's and ROS's ways of writing one."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, quat_wxyz_to_matrix

from .shapes import shaped

Floats = NDArray[np.float64]

MAX_DEPTH = 8
QUATERNION = ("x", "y", "z", "qx", "qy", "qz", "qw")
ROS_POSES = (("translation", "rotation"), ("position", "orientation"))
"""geometry_msgs' Transform and Pose."""
ON_HAND = {
    "eye_on_hand": (True,),
    "eye_in_hand": (True,),
    "calibration_type": ("eye_in_hand", "eye_on_hand"),
}
"""How easy_handeye, and easy_handeye2 before and since its messages, say that the camera moves."""
HAND_HINT = (
    "a camera on the hand. For a film multiply the robot's pose then by it: "
    "T_base_cam = T_base_hand @ T_hand_cam."
)


def poses_in_tree(tree: Any) -> dict[str, Floats]:
    """The numbers of every pose in a parsed file by its dotted name.

    Raises:
        BadInputError: when one is not finite, or its quaternion none.
    """
    return dict(_poses(tree, "", 0))


def pose_in_tree(tree: Any, path: Path, key: str | None, notes: list[str]) -> Floats:
    """The numbers (4, 4), (3, 4), (16,) or (12,) of the one pose in a parsed file.

    Args:
        tree: of dicts, lists and numbers.
        path: of the file, for sentences.
        key: the pose's name, alone or dotted; a person who gives it knows what it is of.
        notes: receives which value was taken, and what the file says of the camera's frame.

    Raises:
        BadInputError: when there is none, more than one, or one of a camera on the hand.
    """
    found = poses_in_tree(tree)
    if key is not None:
        chosen = {n: v for n, v in found.items() if n == key or n.split(".")[-1] == key}
        if len(chosen) != 1:
            raise BadInputError(
                f"{path} has {'no' if not chosen else 'more than one'} matrix '{key}'; it holds "
                f"{', '.join(found) or 'none'}"
            )
        return next(iter(chosen.values()))
    if len(found) != 1:
        raise BadInputError(
            f"{path} holds {len(found)} matrices that could be the camera's pose"
            + (f" ({', '.join(found)}): say which with `key:`" if found else "; it needs one")
        )
    name, value = next(iter(found.items()))
    _refuse_on_hand(tree, name, path)
    if name:
        notes.append(f"camera: '{name}' of {path.name} is taken")
    _tell_frame(tree, path, notes)
    return value


def _parameters(tree: Any) -> dict[str, Any]:
    """What a hand-eye calibration of ROS says beside its result."""
    told = tree.get("parameters") if isinstance(tree, dict) else None
    return told if isinstance(told, dict) else {}


def _refuse_on_hand(tree: Any, name: str, path: Path) -> None:
    if name.split(".")[-1] == "T_hand_cam":
        raise BadInputError(f"{path} holds T_hand_cam, {HAND_HINT}")
    for word, values in ON_HAND.items():
        if (value := _parameters(tree).get(word)) in values:
            raise BadInputError(f"{path} says `{word}: {str(value).lower()}`, {HAND_HINT}")


def _tell_frame(tree: Any, path: Path, notes: list[str]) -> None:
    frame = _parameters(tree).get("tracking_base_frame")
    if isinstance(frame, str) and "optical" not in frame:
        notes.append(
            f"camera: {path.name} is of the frame '{frame[:60]}', not of an optical one: if its x "
            "points forward, state `axes: ros_link`"
        )


def _poses(tree: Any, name: str, depth: int) -> list[tuple[str, Floats]]:
    """Every value that is a pose by its form, with its dotted name."""
    if depth > MAX_DEPTH:
        return []
    if isinstance(tree, list):
        try:
            return [(name, shaped(tree, name))]
        except BadInputError:
            return []
    if not isinstance(tree, dict):
        return []
    if (numbers := _numbers(tree, QUATERNION)) is not None:
        return [(name, _pose(numbers, name))]
    if (pose := _ros_pose(tree, name)) is not None:
        return [(name, pose)]
    if {"rows", "cols", "data"} <= tree.keys():
        return _poses(tree["data"], name, depth + 1)
    return [
        pair
        for key, value in tree.items()
        for pair in _poses(value, f"{name}.{key}".lstrip("."), depth + 1)
    ]


def _numbers(tree: Any, words: tuple[str, ...]) -> list[float] | None:
    """The values of these keys, where all of them are numbers."""
    values = [tree.get(word) for word in words] if isinstance(tree, dict) else []
    numbers = [v for v in values if isinstance(v, int | float)]
    if len(numbers) != len(words):
        return None
    try:
        return [float(v) for v in numbers]
    except OverflowError:  # An integer that no float can hold.
        return None


def _ros_pose(tree: dict[str, Any], name: str) -> Floats | None:
    for place, turn in ROS_POSES:
        position = _numbers(tree.get(place), ("x", "y", "z"))
        quat_xyzw = _numbers(tree.get(turn), ("x", "y", "z", "w"))
        if position is not None and quat_xyzw is not None:
            return _pose([*position, *quat_xyzw], name)
    return None


def _pose(numbers: list[float], name: str) -> Floats:
    """The matrix (4, 4) of x, y, z, qx, qy, qz, qw."""
    x, y, z, qx, qy, qz, qw = numbers
    norm = float(np.linalg.norm([qx, qy, qz, qw]))
    if not abs(norm - 1) < 0.01:
        raise BadInputError(f"the quaternion {name or 'qx, qy, qz, qw'} has length {norm:g}, not 1")
    if not np.isfinite([x, y, z]).all():
        raise BadInputError(f"the position of {name or 'the pose'} is not finite")
    return make_se3(quat_wxyz_to_matrix([qw, qx, qy, qz]), [x, y, z])
