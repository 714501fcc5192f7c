from typing import get_args

import numpy as np
import pytest

from xsim_core.geometry import BoardSpec, make_se3
from xsim_core.render.lights import LightSpec, light_room
from xsim_core.render.panda import low_poly_panda
from xsim_core.render.room import Furniture, RoomSpec, build_room, clutter_of, room_meshes

BOARD = BoardSpec(T_world_board=tuple(map(tuple, make_se3(np.eye(3), [0.3, 0.2, 0.0015]))))
SMALL = RoomSpec(board=BOARD, texture_px_per_m=60)


def test_room_has_its_parts_and_the_table_top_is_at_zero():
    parts = room_meshes(SMALL)
    assert {"table", "floor", "wall_x0", "wall_y1", "board", "clutter_0"} <= set(parts)
    mesh, T = parts["table"]
    assert T[2, 3] == 0
    assert np.ptp(mesh.vertices[:, 2]) == 0


@pytest.fixture(scope="module", params=get_args(Furniture))
def room(request):
    return SMALL.model_copy(
        update={"furniture": request.param, "clutter": clutter_of(request.param)}
    )


def test_workspace_is_free_of_clutter(room):
    for name, (mesh, T) in room_meshes(room).items():
        if name.startswith("clutter"):
            xy = (mesh.vertices @ T[:3, :3].T + T[:3, 3])[:, :2]
            inside = (np.abs(xy - [0.5, 0.0]) < [0.25, 0.3]).all(axis=1)
            assert not inside.any(), name


def test_rooms_of_all_kinds_have_the_same_parts_as_large(room):
    parts, first = room_meshes(room), room_meshes(SMALL)
    assert parts.keys() == first.keys()
    for name, (mesh, _) in parts.items():
        largest = np.ptp(first[name][0].vertices, axis=0) + 1e-5
        assert (np.ptp(mesh.vertices, axis=0) <= largest).all(), name


def test_a_room_is_repeated_by_its_seed(room):
    one, same = room_meshes(room), room_meshes(room)
    other = room_meshes(room.model_copy(update={"texture_seed": 1}))
    for name, (mesh, _) in one.items():
        np.testing.assert_array_equal(mesh.texture, same[name][0].texture)
        if name != "board":
            assert (mesh.texture != other[name][0].texture).mean() > 0.05, name


def test_rooms_that_were_described_before_there_was_furniture_stay_as_they_are():
    assert "furniture" not in RoomSpec().model_dump()
    assert RoomSpec().clutter == clutter_of("patterned")


def test_tints_change_looks_only(room):
    plain = room_meshes(room)
    tinted = room_meshes(room.model_copy(update={"table_tint": (0.5, 1.0, 1.0)}))
    assert (
        tinted["table"][0].texture[..., 0].mean() < 0.6 * plain["table"][0].texture[..., 0].mean()
    )
    np.testing.assert_array_equal(plain["table"][0].vertices, tinted["table"][0].vertices)
    np.testing.assert_array_equal(plain["floor"][0].texture, tinted["floor"][0].texture)


def test_specs_survive_json():
    assert RoomSpec.model_validate_json(SMALL.model_dump_json()) == SMALL
    lights = LightSpec(has_shadows=False)
    assert LightSpec.model_validate_json(lights.model_dump_json()) == lights


@pytest.mark.vulkan
def test_room_is_built_and_lit():
    import sapien
    from sapien.render import RenderDirectionalLightComponent as DirectionalLight

    scene = sapien.Scene([sapien.physx.PhysxCpuSystem(), sapien.render.RenderSystem()])
    entities = build_room(scene, SMALL)
    light_room(scene, LightSpec())
    assert {e.name for e in entities} == set(room_meshes(SMALL))
    lights = [e for e in scene.entities if e.find_component_by_type(DirectionalLight)]
    assert [e.components[0].shadow for e in lights] == [True, False]


def test_low_poly_panda_is_light_and_made_once(tmp_path):
    import trimesh

    urdf = low_poly_panda(tmp_path)
    made = urdf.stat().st_mtime_ns
    triangles = sum(
        len(trimesh.load(p, force="mesh").faces) for p in (urdf.parent / "visual").glob("*.glb")
    )
    assert 4_000 < triangles < 12_000
    assert low_poly_panda(tmp_path) == urdf
    assert urdf.stat().st_mtime_ns == made
