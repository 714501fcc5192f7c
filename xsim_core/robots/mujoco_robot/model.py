"""Arm, object, table, room, lights and camera as one MJCF model.

No margin, gap or damping ratio: what they mean changes between MuJoCo's versions. Masses and
inertias are written out, since MuJoCo's own of a mesh is neither the true one nor the hull's.
Friction of two surfaces is the larger one in MuJoCo, so object and table say the same.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import TexturedMesh, matrix_to_quat_wxyz

from .panda import SEEN, ArmWriter, add_drives, text
from .scene import Eye, Piece, Room, Scene, Thing

if TYPE_CHECKING:
    import mujoco

TIMESTEP_S = 0.002
TABLE_HALF_M, TABLE_XY_M = (1.2, 1.2, 0.05), (0.5, 0.0)
CONTACT = {"solref": "0.005 1", "condim": "4"}
"""As stiff as the step allows; ``condim`` 4: what is pushed does not spin freely on its spot."""
DISPLAY_GAMMA = 2.2
CLOSE = 0.01
"""Near plane, metres per extent of the model (1 m)."""


def build_model(scene: Scene, folder: Path) -> "mujoco.MjModel":
    """Write the model's files into ``folder`` and compile them.

    Names: site ``tcp``, body ``object``, camera ``eye``, the joints of ``panda``.
    """
    import mujoco

    folder.mkdir(parents=True, exist_ok=True)
    root = ET.Element("mujoco", model="robot")
    ET.SubElement(
        root, "compiler", angle="radian", meshdir=".", texturedir=".", balanceinertia="true"
    )
    ET.SubElement(
        root, "option", timestep=str(TIMESTEP_S), cone="elliptic", integrator="implicitfast"
    )
    ET.SubElement(root, "statistic", extent="1", center="0.4 0 0.2")
    _add_quality(root, scene)
    asset, place = ET.SubElement(root, "asset"), ET.SubElement(root, "worldbody")
    ArmWriter(scene.urdf, asset, folder).write(place)
    _add_object(place, asset, scene, folder)
    _add_room(place, asset, scene, folder)
    _add_eye(place, scene.eye)
    add_drives(root)
    path = folder / "robot.xml"
    ET.ElementTree(root).write(path, encoding="utf-8")
    return mujoco.MjModel.from_xml_path(str(path))


def _add_quality(root: ET.Element, scene: Scene) -> None:
    visual = ET.SubElement(root, "visual")
    camera = scene.eye.camera
    ET.SubElement(visual, "global", offwidth=str(camera.width), offheight=str(camera.height))
    ET.SubElement(visual, "quality", shadowsize="1024", offsamples="4")
    ET.SubElement(visual, "map", znear=str(CLOSE), zfar="10", shadowclip="1")
    ambient, _ = display_lights(scene.room)
    ET.SubElement(
        visual, "headlight", ambient=text(ambient), diffuse="0 0 0", specular="0 0 0", active="1"
    )


def display_lights(room: Room) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Ambient (3,) and the diffuse (3,) of each light, as MuJoCo multiplies textures by them.

    MuJoCo shades in display space and without the 1/π of radiance. Its lights get the shares
    that the room's have of the light on a level matt surface, which is as bright as there.
    """
    shares = [np.array(room.ambient_rgb, float)]
    cosines = []
    for direction, colour in room.lights:
        cosines.append(max(1e-3, -direction[2] / float(np.linalg.norm(direction))))
        shares.append(np.array(colour) * cosines[-1] / np.pi)
    total = np.sum(shares, axis=0)
    bright = total ** (1 / DISPLAY_GAMMA) / total
    return shares[0] * bright, [
        s * bright / cosine for s, cosine in zip(shares[1:], cosines, strict=True)
    ]


def _add_object(place: ET.Element, asset: ET.Element, scene: Scene, folder: Path) -> None:
    thing: Thing = scene.thing
    T, body = thing.T_world_start, thing.body
    element = ET.SubElement(
        place,
        "body",
        name="object",
        pos=text(T[:3, 3]),
        quat=text(matrix_to_quat_wxyz(T[:3, :3])),
    )
    ET.SubElement(element, "freejoint", name="object")
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = body.inertia.tolist()
    ET.SubElement(
        element,
        "inertial",
        pos=text(body.centre),
        mass=repr(body.mass_kg),
        fullinertia=text((xx, yy, zz, xy, xz, yz)),
    )
    touches = {"contype": "2", "conaffinity": "7", "group": "3"}
    _add_pieces(element, asset, thing.pieces, "object", touches | _rough(scene), folder)
    _add_seen(element, asset, thing.mesh, "object_seen", folder)


def _add_room(place: ET.Element, asset: ET.Element, scene: Scene, folder: Path) -> None:
    room, still = scene.room, {"contype": "4", "conaffinity": "2", "group": "3"} | _rough(scene)
    table = (*TABLE_XY_M, room.table_height_m - TABLE_HALF_M[2])
    ET.SubElement(
        place, "geom", still, name="table", type="box", size=text(TABLE_HALF_M), pos=text(table)
    )
    _add_pieces(place, asset, room.obstacles, "obstacle", still, folder)
    for name, (mesh, T) in room.parts.items():
        body = ET.SubElement(
            place, "body", pos=text(T[:3, 3]), quat=text(matrix_to_quat_wxyz(T[:3, :3]))
        )
        _add_seen(body, asset, mesh, f"room_{name}", folder)
    _, diffuse = display_lights(room)
    for i, (direction, _) in enumerate(room.lights):
        along = np.array(direction) / np.linalg.norm(direction)
        ET.SubElement(
            place,
            "light",
            type="directional",
            pos=text(np.array([0.45, 0, 0]) - 2 * along),
            dir=text(along),
            diffuse=text(diffuse[i]),
            ambient="0 0 0",
            specular="0.05 0.05 0.05",
            castshadow="true" if i == 0 else "false",
        )


def _add_pieces(
    place: ET.Element,
    asset: ET.Element,
    pieces: tuple[Piece, ...],
    stem: str,
    given: dict[str, str],
    folder: Path,
) -> None:
    import trimesh

    for i, (vertices, faces) in enumerate(pieces):
        name = f"{stem}_{i}"
        mesh: Any = trimesh.Trimesh(vertices, faces, process=False)
        mesh.export(folder / f"{name}.obj", digits=9, header=None)
        ET.SubElement(asset, "mesh", name=name, file=f"{name}.obj", inertia="convex")
        ET.SubElement(place, "geom", given, type="mesh", mesh=name)


def _add_seen(
    place: ET.Element, asset: ET.Element, mesh: TexturedMesh, name: str, folder: Path
) -> None:
    mesh.write_obj(folder / name)
    ET.SubElement(asset, "mesh", name=name, file=f"{name}/mesh.obj", inertia="shell")
    ET.SubElement(asset, "texture", name=name, type="2d", file=f"{name}/texture.png")
    ET.SubElement(asset, "material", name=name, texture=name, specular="0.1", shininess="0.1")
    ET.SubElement(place, "geom", SEEN, type="mesh", mesh=name, material=name)


def _add_eye(place: ET.Element, eye: Eye) -> None:
    """MuJoCo looks along -z with y up, and counts the principal point from the image's middle."""
    camera, T = eye.camera, eye.T_world_cam
    K, width, height = camera.K, camera.width, camera.height
    R_gl = T[:3, :3] @ np.diag([1.0, -1.0, -1.0])
    # Ours is a pixel's centre, MuJoCo's its edge; and MuJoCo's y of the principal point goes up.
    off = (K[0, 2] + 0.5 - width / 2, K[1, 2] + 0.5 - height / 2)
    ET.SubElement(
        place,
        "camera",
        name="eye",
        pos=text(T[:3, 3]),
        quat=text(matrix_to_quat_wxyz(R_gl)),
        resolution=f"{width} {height}",
        sensorsize=text((width * 1e-6, height * 1e-6)),
        focalpixel=text((K[0, 0], K[1, 1])),
        principalpixel=text((-off[0], off[1])),
    )


def _rough(scene: Scene) -> dict[str, str]:
    return {"friction": f"{scene.friction} 0.003 0.0001", **CONTACT}
