"""The Panda's links as meshes, and where each of them is at given joints."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """From a parent link to its child."""

    name: str
    kind: str
    parent: str
    child: str
    T_parent_joint: Floats
    axis: Floats
    """(3,), of length 1."""

    def moved(self, q: float) -> Floats:
        """``T_parent_child`` (4, 4) at ``q`` radians or metres."""
        turn = so3_exp(q * self.axis) if self.kind in ("revolute", "continuous") else np.eye(3)
        shift = q * self.axis if self.kind == "prismatic" else np.zeros(3)
        return self.T_parent_joint @ make_se3(turn, shift)

    @property
    def is_moving(self) -> bool:
        """Whether it takes one of the robot's numbers."""
        return self.kind != "fixed"


@dataclass(frozen=True)
class RobotLinks:
    """A robot's tree of joints, and the files of what is seen of each link."""

    joints: tuple[Joint, ...]
    """Parents before their children."""
    visuals: Mapping[str, tuple[tuple[Path, Floats], ...]]
    """Link → files, each with ``T_link_visual`` (4, 4)."""

    @staticmethod
    def read(urdf: Path) -> "RobotLinks":
        """The robot of a URDF file; of geometry, meshes alone."""
        root = ET.parse(urdf).getroot()
        joints = [
            _joint(element) for element in root.iter("joint") if element.find("parent") is not None
        ]
        visuals = {
            link.attrib["name"]: tuple(
                (urdf.parent / mesh.attrib["filename"], _origin(visual))
                for visual in link.iter("visual")
                for mesh in visual.iter("mesh")
            )
            for link in root.iter("link")
        }
        return RobotLinks(_in_order(joints), visuals)

    @property
    def num_moving(self) -> int:
        """How many numbers a configuration has."""
        return sum(joint.is_moving for joint in self.joints)

    def poses(self, qpos: NDArray[np.floating]) -> dict[str, Floats]:
        """``T_world_link`` (4, 4) of every link, the root at the world's origin.

        Args:
            qpos: one number a moving joint, in the file's order: radians, metres.

        Raises:
            BadInputError: for another number of joints.
        """
        if qpos.shape != (self.num_moving,):
            raise BadInputError(f"this robot has {self.num_moving} joints, not {qpos.shape}")
        values = iter(qpos.tolist())
        poses = {self.joints[0].parent: np.eye(4)}
        for joint in self.joints:
            q = next(values) if joint.is_moving else 0.0
            poses[joint.child] = poses[joint.parent] @ joint.moved(q)
        return poses


def _joint(element: ET.Element) -> Joint:
    axis = np.array(_numbers(element.find("axis"), "xyz", "1 0 0"))
    names = {
        end: found.attrib["link"]
        for end in ("parent", "child")
        if (found := element.find(end)) is not None
    }
    return Joint(
        name=element.attrib["name"],
        kind=element.attrib["type"],
        parent=names["parent"],
        child=names["child"],
        T_parent_joint=_origin(element),
        axis=axis / np.linalg.norm(axis),
    )


def _origin(element: ET.Element) -> Floats:
    origin = element.find("origin")
    roll, pitch, yaw = _numbers(origin, "rpy", "0 0 0")
    about = [
        so3_exp(angle * axis) for angle, axis in zip((roll, pitch, yaw), np.eye(3), strict=True)
    ]
    return make_se3(about[2] @ about[1] @ about[0], _numbers(origin, "xyz", "0 0 0"))


def _numbers(element: ET.Element | None, name: str, default: str) -> list[float]:
    text = default if element is None else element.attrib.get(name, default)
    return [float(word) for word in text.split()]


def _in_order(joints: list[Joint]) -> tuple[Joint, ...]:
    """Parents before children, otherwise as in the file."""
    children = {joint.child for joint in joints}
    known = {joint.parent for joint in joints} - children
    ordered: list[Joint] = []
    while len(ordered) < len(joints):
        ready = next(j for j in joints if j.parent in known and j.child not in known)
        ordered.append(ready)
        known.add(ready.child)
    return tuple(ordered)
