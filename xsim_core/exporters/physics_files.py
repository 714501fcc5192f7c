"""A simulator's world as MuJoCo's MJCF and as URDF: object and room with their collision pieces.

MJCF: https://mujoco.readthedocs.io/en/stable/XMLreference.html. The object's mass, centre and
inertia are written out, since every engine has its own idea of a mesh's; friction is the same on
all surfaces, so that it does not matter that SAPIEN averages two and MuJoCo takes the larger. No
margin, no gap and no damping ratio: what they mean changes between MuJoCo's versions.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import SimWorld
from xsim_core.geometry import TexturedMesh, matrix_to_quat_wxyz
from xsim_core.sim.assets import TABLE_HALF_M, TABLE_XY_M
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import OpenArtifact

from .rigid_body import RigidBody
from .source import Source

TIMESTEP_S = 0.002
CONTACT = "0.005 1"
"""``solref``: as stiff as the step allows, so that things rest on the table and not in it."""


def write_mjcf(source: Source[SimWorld], folder: Path) -> list[str]:
    """``scene.xml``, and the meshes that it names below ``meshes/``."""
    world, task = source.artifact, TaskSpec.model_validate(source.artifact.summary.task_spec)
    body, pieces, room = _write_meshes(world, task, folder / "meshes")
    root = ET.Element("mujoco", model=world.summary.object_name)
    ET.SubElement(root, "compiler", angle="radian", meshdir="meshes", texturedir="meshes")
    ET.SubElement(root, "option", timestep=str(TIMESTEP_S), cone="elliptic")
    geom = ET.SubElement(ET.SubElement(root, "default"), "geom")
    geom.attrib |= {"friction": f"{task.physics.friction} 0.005 0.0001", "solref": CONTACT}
    asset = ET.SubElement(root, "asset")
    for name in (*pieces, *room):
        ET.SubElement(asset, "mesh", name=name, file=f"{name}.obj")
    ET.SubElement(asset, "mesh", name="object_visual", file="mesh.obj")
    ET.SubElement(asset, "texture", name="object", type="2d", file="texture.png")
    ET.SubElement(asset, "material", name="object", texture="object")
    place = ET.SubElement(root, "worldbody")
    ET.SubElement(place, "light", pos="0.5 0 2", dir="0 0 -1")
    table = np.array([*TABLE_XY_M, world.summary.table_height_m - TABLE_HALF_M[2]])
    ET.SubElement(
        place, "geom", name="table", type="box", size=_text(TABLE_HALF_M), pos=_text(table)
    )
    for name in room:
        ET.SubElement(place, "geom", name=name, type="mesh", mesh=name, rgba="0.6 0.6 0.6 0.4")
    _add_object(place, world.array("T_world_object_start"), body, pieces)
    _write_xml(root, folder / "scene.xml")
    return []


def write_urdf(source: Source[SimWorld], folder: Path) -> list[str]:
    """``object.urdf``, ``room.urdf``, the meshes that they name, and ``world.json``."""
    world, task = source.artifact, TaskSpec.model_validate(source.artifact.summary.task_spec)
    body, pieces, room = _write_meshes(world, task, folder / "meshes")
    thing = ET.Element("robot", name=world.summary.object_name)
    link = ET.SubElement(thing, "link", name="object")
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", xyz=_text(body.centre), rpy="0 0 0")
    ET.SubElement(inertial, "mass", value=repr(body.mass_kg))
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = body.inertia.tolist()
    of = {"ixx": xx, "ixy": xy, "ixz": xz, "iyy": yy, "iyz": yz, "izz": zz}
    ET.SubElement(inertial, "inertia", {name: repr(value) for name, value in of.items()})
    _add_mesh(link, "visual", "mesh")
    for name in pieces:
        _add_mesh(link, "collision", name)
    _write_xml(thing, folder / "object.urdf")
    # Below a link that is the world: SAPIEN lets what has one link alone fall, fixed or not.
    still = ET.Element("robot", name="room")
    ET.SubElement(still, "link", name="world")
    joint = ET.SubElement(still, "joint", name="room_in_world", type="fixed")
    ET.SubElement(joint, "parent", link="world")
    ET.SubElement(joint, "child", link="room")
    link = ET.SubElement(still, "link", name="room")
    collision = ET.SubElement(link, "collision")
    table = (*TABLE_XY_M, world.summary.table_height_m - TABLE_HALF_M[2])
    ET.SubElement(collision, "origin", xyz=_text(table), rpy="0 0 0")
    box = ET.SubElement(collision, "geometry")
    ET.SubElement(box, "box", size=_text(2 * np.array(TABLE_HALF_M)))
    for name in room:
        _add_mesh(link, "collision", name)
    _write_xml(still, folder / "room.urdf")
    told = {
        "T_world_object_start": world.array("T_world_object_start").tolist(),
        "friction": task.physics.friction,
        "density_kg_m3": task.physics.density_kg_m3,
    }
    (folder / "world.json").write_text(json.dumps(told, indent=1) + "\n")
    return ["URDF has neither friction nor places of objects: world.json tells both."]


def _write_meshes(
    world: OpenArtifact[SimWorld], task: TaskSpec, folder: Path
) -> tuple[RigidBody, list[str], list[str]]:
    """Write all meshes; the object as a body, and the names of its pieces and of the room's."""
    TexturedMesh.from_arrays(world.arrays("object")).write_obj(folder)
    own, room = (ConvexPieces.read(world, f"{of}_pieces") for of in ("object", "scene"))
    body = RigidBody.of_pieces(own.meshes(), density_kg_m3=task.physics.density_kg_m3)
    names: list[list[str]] = []
    for stem, pieces in (("object", own), ("room", room)):
        names.append([])
        for i, mesh in enumerate(pieces.meshes()):
            names[-1].append(f"{stem}_{i:02d}")
            mesh.export(folder / f"{names[-1][-1]}.obj", digits=9, header=None)
    return body, names[0], names[1]


def _add_object(
    place: ET.Element, T: NDArray[np.float64], body: RigidBody, pieces: Sequence[str]
) -> None:
    thing = ET.SubElement(place, "body", name="object", pos=_text(T[:3, 3]))
    thing.set("quat", _text(matrix_to_quat_wxyz(T[:3, :3])))
    ET.SubElement(thing, "freejoint", name="object")
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = body.inertia.tolist()
    inertial = ET.SubElement(thing, "inertial", pos=_text(body.centre), mass=repr(body.mass_kg))
    inertial.set("fullinertia", _text((xx, yy, zz, xy, xz, yz)))
    for name in pieces:
        ET.SubElement(thing, "geom", name=name, type="mesh", mesh=name, group="3")
    seen = {"type": "mesh", "mesh": "object_visual", "material": "object", "group": "1"}
    ET.SubElement(thing, "geom", seen, contype="0", conaffinity="0")


def _add_mesh(link: ET.Element, of: str, name: str) -> None:
    shape = ET.SubElement(ET.SubElement(link, of), "geometry")
    ET.SubElement(shape, "mesh", filename=f"meshes/{name}.obj")


def _write_xml(root: ET.Element, path: Path) -> None:
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _text(values: Any) -> str:
    return " ".join(repr(float(v)) for v in values)
