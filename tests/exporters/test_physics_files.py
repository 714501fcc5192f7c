"""MJCF and URDF name files that are there, and things rest in MuJoCo where they do in SAPIEN."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import trimesh

from tests.sim.fixtures import make_sim
from xsim_core.exporters import export_artifact
from xsim_core.exporters.rigid_body import RigidBody
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.storage import ArtifactStore

# Of the fixture: an L-shaped block of two boxes, 500 kg/m³.
VOLUME_M3 = (0.10 * 0.03 + 0.04 * 0.03) * 0.05
SETTLE_S, DROP_M = 2.0, 0.01


@pytest.fixture(scope="module")
def world():
    store = ArtifactStore("memory://")
    return store, make_sim(store)


def test_a_body_of_two_boxes_is_one_box():
    left, right = (
        trimesh.creation.box((0.1, 0.2, 0.3), trimesh.transformations.translation_matrix((x, 0, 1)))
        for x in (0.05, 0.15)
    )
    body = RigidBody.of_pieces([left, right], density_kg_m3=500)
    assert np.isclose(body.mass_kg, 500 * 0.2 * 0.2 * 0.3)
    np.testing.assert_allclose(body.centre, [0.1, 0, 1])
    a, b, c = 0.2**2, 0.2**2, 0.3**2
    wanted = body.mass_kg / 12 * np.diag([b + c, a + c, a + b])
    np.testing.assert_allclose(body.inertia, wanted, atol=1e-12)


def test_mjcf_names_what_is_there(world, tmp_path):
    store, ref = world
    export_artifact(store, ref, "mjcf", tmp_path / "out")
    root = ET.parse(tmp_path / "out/scene.xml").getroot()
    for mesh in root.findall("asset/mesh") + root.findall("asset/texture"):
        assert (tmp_path / "out/meshes" / mesh.get("file")).is_file()
    body, stored = root.find("worldbody/body"), store.open(ref)
    start = stored.array("T_world_object_start")
    np.testing.assert_array_equal(np.array(body.get("pos").split(), float), start[:3, 3])
    assert np.isclose(float(body.find("inertial").get("mass")), 500 * VOLUME_M3, rtol=0.02)
    assert len(body.findall("geom")) == len(ConvexPieces.read(stored, "object_pieces")) + 1
    assert not any(g.get("margin") or g.get("gap") for g in root.iter("geom"))
    frictions = {g.get("friction") for g in root.iter("geom")} - {None}
    assert [f.split()[0] for f in frictions] == ["0.35"]


def test_urdf_names_what_is_there(world, tmp_path):
    store, ref = world
    export_artifact(store, ref, "urdf", tmp_path / "out")
    for name in ("object", "room"):
        root = ET.parse(tmp_path / f"out/{name}.urdf").getroot()
        for mesh in root.iter("mesh"):
            assert (tmp_path / "out" / mesh.get("filename")).is_file()
    told = json.loads((tmp_path / "out/world.json").read_text())
    assert told["friction"] == 0.35


@pytest.mark.slow
def test_the_object_rests_in_mujoco_where_it_rests_in_sapien(world, tmp_path):
    mujoco = pytest.importorskip("mujoco")
    store, ref = world
    export_artifact(store, ref, "mjcf", tmp_path / "mjcf")
    export_artifact(store, ref, "urdf", tmp_path / "urdf")
    compare(mujoco, tmp_path, store.open(ref))


def compare(mujoco, folder, world):
    """Drop the object a centimetre in both engines; returns how far apart they end, metres."""
    theirs, mass = _in_mujoco(mujoco, folder / "mjcf/scene.xml")
    ours, our_mass = _in_sapien(folder / "urdf", world)
    # PhysX cooks the pieces, which moves their corners a little.
    assert np.isclose(mass, our_mass, rtol=1e-3)
    corners = np.array(trimesh.bounds.corners(_object(world).bounds))
    gap = np.linalg.norm(_moved(theirs, corners) - _moved(ours, corners), axis=1).max()
    assert gap < 0.002
    return gap


def _object(world):
    return trimesh.Trimesh(world.array("object/vertices"), world.array("object/faces"))


def _moved(T, points):
    return points @ T[:3, :3].T + T[:3, 3]


def _in_mujoco(mujoco, path):
    model = mujoco.MjModel.from_xml_path(str(path))
    data = mujoco.MjData(model)
    data.qpos[2] += DROP_M
    for _ in range(round(SETTLE_S / model.opt.timestep)):
        mujoco.mj_step(model, data)
    assert np.abs(data.qvel).max() < 1e-3
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = data.body("object").xmat.reshape(3, 3), data.body("object").xpos
    return T, model.body("object").mass[0]


def _in_sapien(folder, world):
    """The URDF through SAPIEN's own loader; mass as PhysX would give the pieces."""
    import sapien

    scene = sapien.Scene([sapien.physx.PhysxCpuSystem()])
    scene.set_timestep(1 / 240)
    told = json.loads((folder / "world.json").read_text())
    material = sapien.physx.PhysxMaterial(told["friction"], told["friction"], 0)
    root = ET.parse(folder / "object.urdf").getroot()
    builder = scene.create_actor_builder()
    for mesh in root.findall("link/collision/geometry/mesh"):
        path = str(folder / mesh.get("filename"))
        density = told["density_kg_m3"]
        builder.add_convex_collision_from_file(path, material=material, density=density)
    start = np.array(told["T_world_object_start"])
    start[2, 3] += DROP_M
    builder.initial_pose = sapien.Pose(start)
    builder.set_physx_body_type("dynamic")
    thing = builder.build("object")
    loader = scene.create_urdf_loader()
    loader.fix_root_link = True
    loader.load(str(folder / "room.urdf"))
    for _ in range(round(SETTLE_S * 240)):
        scene.step()
    body = thing.find_component_by_type(sapien.physx.PhysxRigidDynamicComponent)
    assert np.abs(body.linear_velocity).max() < 1e-2
    urdf_mass = float(root.find("link/inertial/mass").get("value"))
    assert np.isclose(body.mass, urdf_mass, rtol=1e-3)
    return thing.pose.to_transformation_matrix(), body.mass
