"""The arm as MJCF, from its URDF: chain, inertias, collision shapes, and what is seen of it."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from xsim_core.geometry import make_se3, matrix_to_quat_wxyz, so3_exp

ARM = tuple(f"panda_joint{i}" for i in range(1, 8))
FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
TCP = "panda_hand_tcp"
ARMATURE = {"revolute": "0.1", "prismatic": "0.05"}
"""Inertia of motor and gear as the joint feels it: kg m², kg."""
DAMPING = {"revolute": "1.0", "prismatic": "20"}
STIFFNESS = (600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0)
DRAG = (50.0, 50.0, 50.0, 50.0, 30.0, 25.0, 15.0)
"""N m/rad and N m s/rad of libfranka's joint impedance examples."""
TORQUE_NM = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)
GRIP = {"kp": "2000", "kv": "60", "forcerange": "-40 40"}
TOUCHES = {"contype": "1", "conaffinity": "6"}
"""The object and the table, not itself."""
SEEN = {"contype": "0", "conaffinity": "0", "group": "1", "mass": "0"}


class ArmWriter:
    """Writes one robot into an MJCF tree."""

    def __init__(self, urdf: Path, asset: ET.Element, folder: Path) -> None:
        self._here, self._asset, self._folder = urdf.parent, asset, folder
        root = ET.parse(urdf).getroot()
        self._links = {link.attrib["name"]: link for link in root.findall("link")}
        self._joints: dict[str, list[ET.Element]] = {}
        children: set[str] = set()
        for joint in root.findall("joint"):
            parent, child = (_found(joint, end).attrib["link"] for end in ("parent", "child"))
            self._joints.setdefault(parent, []).append(joint)
            children.add(child)
        (self._root,) = set(self._links) - children
        self._files: dict[tuple[Path, str], list[tuple[str, str]]] = {}

    def write(self, place: ET.Element) -> None:
        """Add the arm below ``place``, its base at the origin."""
        self._add_link(place, self._root, None)

    def _add_link(self, place: ET.Element, name: str, joint: ET.Element | None) -> None:
        # A Franka holds itself up: its controller subtracts gravity by its own model.
        body = ET.SubElement(place, "body", {"name": name, "gravcomp": "1"} | _pose(joint))
        if joint is not None and joint.attrib["type"] != "fixed":
            self._add_joint(body, joint)
        link = self._links[name]
        if (inertial := link.find("inertial")) is not None:
            self._add_inertia(body, inertial)
        for collision in link.findall("collision"):
            self._add_collision(body, collision)
        for visual in link.findall("visual"):
            self._add_visual(body, visual)
        if name == TCP:
            ET.SubElement(body, "site", name="tcp")
        for further in self._joints.get(name, []):
            self._add_link(body, _found(further, "child").attrib["link"], further)

    def _add_joint(self, body: ET.Element, joint: ET.Element) -> None:
        kind, limit = joint.attrib["type"], _found(joint, "limit")
        ET.SubElement(
            body,
            "joint",
            name=joint.attrib["name"],
            type="hinge" if kind == "revolute" else "slide",
            axis=_found(joint, "axis").attrib["xyz"],
            range=f"{limit.attrib['lower']} {limit.attrib['upper']}",
            limited="true",
            armature=ARMATURE[kind],
            damping=DAMPING[kind],
        )

    def _add_inertia(self, body: ET.Element, inertial: ET.Element) -> None:
        of = _found(inertial, "inertia").attrib
        full = " ".join(of[name] for name in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
        ET.SubElement(
            body,
            "inertial",
            pos=_found(inertial, "origin").attrib["xyz"],
            mass=_found(inertial, "mass").attrib["value"],
            fullinertia=full,
        )

    def _add_collision(self, body: ET.Element, collision: ET.Element) -> None:
        shape = _found(collision, "geometry")[0]
        given = {"group": "3", **TOUCHES, **_pose(collision)}
        if shape.tag == "box":
            half = np.array(shape.attrib["size"].split(), float) / 2
            ET.SubElement(body, "geom", given, type="box", size=text(half))
            return
        ((name, _),) = self._meshes(self._here / shape.attrib["filename"], "hull")
        ET.SubElement(body, "geom", given, type="mesh", mesh=name)

    def _add_visual(self, body: ET.Element, visual: ET.Element) -> None:
        path = self._here / _found(_found(visual, "geometry"), "mesh").attrib["filename"]
        for name, rgba in self._meshes(path, "seen"):
            ET.SubElement(
                body, "geom", {**SEEN, **_pose(visual)}, type="mesh", mesh=name, rgba=rgba
            )

    def _meshes(self, path: Path, use: str) -> list[tuple[str, str]]:
        """Names and colours of a file's meshes, which are written as MuJoCo reads them."""
        if (path, use) not in self._files:
            self._files[path, use] = [
                (self._add_mesh(mesh, f"{path.stem}_{use}_{i}"), rgba)
                for i, (mesh, rgba) in enumerate(_loaded(path))
            ]
        return self._files[path, use]

    def _add_mesh(self, mesh: Any, name: str) -> str:
        mesh.export(self._folder / f"{name}.stl")
        # What is only seen has no mass, and may be flat.
        ET.SubElement(self._asset, "mesh", name=name, file=f"{name}.stl", inertia="shell")
        return name


def add_drives(root: ET.Element) -> None:
    """The arm's impedance controller and the gripper's, named as their joints."""
    drives = ET.SubElement(root, "actuator")
    for name, kp, kv, limit in zip(ARM, STIFFNESS, DRAG, TORQUE_NM, strict=True):
        given = {"kp": repr(kp), "kv": repr(kv), "forcerange": f"{-limit} {limit}"}
        ET.SubElement(drives, "position", given, name=name, joint=name)
    for name in FINGERS:
        ET.SubElement(drives, "position", GRIP, name=name, joint=name)


def _loaded(path: Path) -> list[tuple[Any, str]]:
    """The meshes of a file in its frame, each with its colour."""
    import trimesh

    found: list[tuple[Any, str]] = []
    for mesh in trimesh.load_scene(path).dump():
        material: Any = getattr(mesh.visual, "material", None)
        colour = getattr(material, "main_color", None)
        rgba = np.array([200, 200, 200, 255] if colour is None else colour, float)[:4] / 255
        found.append((trimesh.Trimesh(mesh.vertices, mesh.faces), text(rgba)))
    return found


def _pose(element: ET.Element | None) -> dict[str, str]:
    """``pos`` and ``quat`` of an ``<origin>``; URDF's roll, pitch and yaw turn fixed axes."""
    origin = None if element is None else element.find("origin")
    if origin is None:
        return {}
    xyz, rpy = (
        np.array(origin.attrib.get(name, "0 0 0").split(), float) for name in ("xyz", "rpy")
    )
    R = np.eye(3)
    for axis, angle in zip(np.eye(3), rpy, strict=True):
        R = so3_exp(axis * angle) @ R
    T = make_se3(R, xyz)
    return {"pos": text(T[:3, 3]), "quat": text(matrix_to_quat_wxyz(R))}


def _found(element: ET.Element, name: str) -> ET.Element:
    child = element.find(name)
    if child is None:
        raise ValueError(f"<{element.tag}> of the robot's URDF has no <{name}>")
    return child


def text(values: Any) -> str:
    """Numbers as MJCF has them, to the last digit."""
    return " ".join(repr(float(v)) for v in values)
