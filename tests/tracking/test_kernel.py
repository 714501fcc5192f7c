"""xsim_core/tracking/kernel: the compiled inner loop answers what its reference in NumPy does."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from tests.tracking.scenes import T_WORLD_CAM, Scene, l_block, make_camera, push_motion
from xsim_core.errors import MissingDependencyError
from xsim_core.geometry import (
    inverse_se3,
    make_se3,
    mesh_without_texture,
    rotation_angle,
    so3_exp,
)
from xsim_core.tracking import ObjectTracker, RayCaster, TrackerConfig
from xsim_core.tracking.appearance import Appearance, ColourModel, Lighting, blend_into
from xsim_core.tracking.frame import Level, shrink_depth
from xsim_core.tracking.kernel import calls
from xsim_core.tracking.refine import ObjectModel, apply_motion, refine
from xsim_core.tracking.verify import verify

CAMERA, MESH = make_camera(), l_block()
T_TRUE = inverse_se3(T_WORLD_CAM) @ make_se3(so3_exp([0, 0, -0.3]), [0.5, 0, 0])
CPP = TrackerConfig()
NUMPY = TrackerConfig(engine="reference")


def plain(mesh):
    return mesh_without_texture(mesh.vertices, mesh.faces)


def bottle():
    """Rounded, with thousands of faces of a pixel and less."""
    made = trimesh.creation.capsule(height=0.08, radius=0.03, count=(48, 48))
    return replace(plain(made), is_textured=True)


MESHES = {"textured": MESH, "learnt": plain(MESH), "round": bottle()}


def level_with(hand=True):
    T_world = T_WORLD_CAM @ T_TRUE
    T_world_hand = T_world @ make_se3(so3_exp([0, 0, 0.8]), [0.02, -0.01, 0.045])
    return Level(*Scene(CAMERA, MESH).render(T_world, T_world_hand if hand else None), CAMERA)


LEVEL = level_with()


def model_of(mesh):
    """An object whose colours, and texture where it has none, were learnt at the true pose."""
    model = ObjectModel(RayCaster(mesh), Appearance(mesh), ColourModel(), Lighting.neutral())
    there = model.caster.render(T_TRUE, CAMERA, margin_px=10)
    everywhere = np.ones(len(there.pixels), bool)
    model.colours.learn(there, LEVEL, everywhere, rate=1.0)
    model.appearance.learn(there, LEVEL, everywhere)
    return model


MODELS = {name: model_of(mesh) for name, mesh in MESHES.items()}


def moved(seed, shift_m=0.012, turn_rad=0.15):
    rng = np.random.default_rng(seed)
    xi = np.r_[rng.uniform(-shift_m, shift_m, 3), rng.uniform(-turn_rad, turn_rad, 3)]
    return apply_motion(T_TRUE, xi, T_TRUE[:3, :3] @ MESH.centre + T_TRUE[:3, 3])


def judged(T, model, config, level=LEVEL):
    m = model
    looks = {"appearance": m.appearance, "colours": m.colours, "lighting": m.lighting}
    return verify(T, level, caster=m.caster, **looks, config=config)


def apart(A, B):
    return np.linalg.norm(A[:3, 3] - B[:3, 3]), rotation_angle(A[:3, :3], B[:3, :3])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(4))
def test_one_step_is_the_same_step(name, seed):
    for gate in ((0.04, 10), (0.01, 4)):
        found, expected = (
            refine(moved(seed), LEVEL, MODELS[name], config=c, rounds=[gate]) for c in (CPP, NUMPY)
        )
        shift_m, turn_rad = apart(found, expected)
        assert max(apart(expected, moved(seed))) > 1e-3  # it was a step
        assert shift_m < 2e-5
        assert turn_rad < 5e-4


def far(seed, times):
    """A start as far off as the last pose is in fast motion."""
    return moved(seed, 0.012 * times, 0.15 * times)


@pytest.mark.parametrize("name", MODELS)
def test_in_fast_motion_every_step_is_the_same_step(name):
    """However whole refinements end; up to 5 cm and 0.6 rad off."""
    for seed, times in ((3, 4), (62, 3), (63, 4), (67, 4)):
        T = far(seed, times)
        for rounds in CPP.rounds:
            found, expected = (
                refine(T, LEVEL, MODELS[name], config=c, rounds=[rounds]) for c in (CPP, NUMPY)
            )
            assert apart(found, expected)[0] < 3e-6
            assert apart(found, expected)[1] < 6e-5
            T = found


@pytest.mark.parametrize("config", [CPP, NUMPY], ids=["cpp", "reference"])
def test_whole_refinements_from_far_off_part_in_either_engine_alone(config):
    """Pixels enter and leave with the pose, so a step's sums leap: six steps from 5 cm off, starts
    a micrometre apart can end anywhere. That is the method's and not an engine's, so films in
    fast motion cannot be compared frame by frame.
    """
    parted = []
    for seed in range(60, 70):
        near = far(seed, 4)
        near[0, 3] += 1e-6
        ends = [
            refine(T, LEVEL, MODELS["learnt"], config=config, rounds=config.rounds)
            for T in (far(seed, 4), near)
        ]
        parted.append(apart(*ends)[0])
    assert np.median(parted) < 1e-4 < max(parted)


@pytest.mark.parametrize("without", ["use_texture", "use_region"])
def test_a_step_without_a_term_is_the_same(without):
    for seed in range(3):
        found, expected = (
            refine(
                moved(seed),
                LEVEL,
                MODELS["textured"],
                config=c.model_copy(update={without: False}),
                rounds=c.rounds,
            )
            for c in (CPP, NUMPY)
        )
        assert apart(found, expected)[0] < 1e-4
        assert apart(found, expected)[1] < 2e-3


@pytest.mark.parametrize("name", MODELS)
def test_whole_refinements_end_at_one_pose(name):
    for seed in range(4):
        found, expected = (
            refine(moved(seed), LEVEL, MODELS[name], config=c, rounds=c.rounds)
            for c in (CPP, NUMPY)
        )
        assert apart(found, expected)[0] < 2e-4, seed
        assert apart(found, expected)[1] < 4e-3, seed


@pytest.mark.parametrize("name", MODELS)
def test_the_judgement_is_the_same(name):
    for T in (T_TRUE, *map(moved, range(3)), moved(9, shift_m=0.05)):
        found, expected = (judged(T, MODELS[name], c) for c in (CPP, NUMPY))
        for figure in ("score", "likeness", "visible_fraction", "covered_fraction", "fit"):
            assert getattr(found, figure) == pytest.approx(getattr(expected, figure), abs=5e-3)
        light, other = found.lighting, expected.lighting
        np.testing.assert_allclose(light.shading, other.shading, atol=5e-3)
        np.testing.assert_allclose(light.gain, other.gain, atol=5e-3)
        assert (found.is_inlier.sum() - expected.is_inlier.sum()) <= 0.01 * len(found.is_inlier) + 2


def test_what_is_drawn_is_what_rays_hit():
    """The block cut by the picture's border, behind the camera, and as it is."""
    for T in (T_TRUE, moved(5, 0.03, 2.0), make_se3(T_TRUE[:3, :3], [0.27, 0.05, 0.6])):
        for name in MODELS:
            found = judged(T, MODELS[name], CPP).rendering
            expected = MODELS[name].caster.render(T, CAMERA, margin_px=6)
            assert found.roi == expected.roi
            assert found.mask.sum() > 100
            assert (found.mask != expected.mask).mean() < 1e-3
            both = found.mask & expected.mask
            for values in ("points_cam", "normals_cam", "texcoord"):
                a, b = (
                    r.image_of(getattr(r, values).astype(float))[both] for r in (found, expected)
                )
                # Where two faces meet, either's normal and texture will do.
                assert (np.abs(a - b).max(-1) > 2e-4).mean() < 0.01, values
            np.testing.assert_allclose(
                found.image_of(found.points_cam[:, 2])[both],
                expected.image_of(expected.points_cam[:, 2])[both],
                atol=2e-5,
            )


@pytest.mark.parametrize("T", [make_se3(np.eye(3), [5.0, 0, 1]), make_se3(np.eye(3), [0, 0, -0.5])])
def test_out_of_view_nothing_is_found_and_nothing_moves(T):
    config, model = CPP, MODELS["textured"]
    np.testing.assert_array_equal(refine(T, LEVEL, model, config=config, rounds=config.rounds), T)
    found = judged(T, model, config)
    assert found.score == found.fit == found.visible_fraction == 0
    assert len(found.rendering.pixels) == len(found.is_inlier) == 0


def test_blended_colours_are_the_same_to_rounding():
    rng = np.random.default_rng(0)
    texture = rng.uniform(0, 255, (40, 30, 3)).astype(np.float32)
    weight = rng.integers(0, 25, (40, 30)).astype(np.float32)
    texels = rng.integers(0, 30, 500), rng.integers(0, 40, 500)  # many twice
    rgb = rng.uniform(0, 255, (500, 3)).astype(np.float32)
    found = texture.copy(), weight.copy()
    calls.blend_into(*found, texels, rgb, 2, 20)
    blend_into(texture, weight, texels, rgb, 2, 20)
    np.testing.assert_allclose(found[0], texture, rtol=1e-5)
    np.testing.assert_array_equal(found[1], weight)


@pytest.mark.parametrize("scale", [2, 3, 7])
def test_shrunk_depth_is_the_same(scale):
    rng = np.random.default_rng(scale)
    depth_m = rng.choice([0.0, 0.5, 0.505, 0.9], (61, 83)).astype(np.float32)
    found, expected = (shrink_depth(depth_m, scale, engine=e) for e in ("cpp", "reference"))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.shape == (61 // scale, 83 // scale)


@pytest.mark.parametrize("mesh", [MESH, plain(MESH)], ids=["textured", "learnt"])
def test_a_film_is_tracked_alike(mesh):
    T_world, T_hands = (poses[6:13] for poses in push_motion(30))
    scene, T_true = Scene(CAMERA, MESH), inverse_se3(T_WORLD_CAM) @ T_world
    frames = [scene.render(*poses) for poses in zip(T_world, T_hands, strict=True)]
    tracks = []
    for config in (CPP, NUMPY):
        tracker = ObjectTracker(mesh, CAMERA, config)
        tracker.set_pose(T_true[0], 0.0)
        tracks.append([tracker.track(*seen, i / 15) for i, seen in enumerate(frames)])
    for found, expected in zip(*tracks, strict=True):
        assert found.status == expected.status
        assert found.score == pytest.approx(expected.score, abs=0.01)
        assert apart(found.T_cam_object, expected.T_cam_object)[0] < 3e-4
        assert apart(found.T_cam_object, expected.T_cam_object)[1] < 6e-3


@pytest.mark.parametrize("config", [CPP, NUMPY], ids=["cpp", "reference"])
def test_where_a_meshs_origin_lies_changes_nothing(config):
    away = make_se3(np.eye(3), [0.4, -0.7, 0.2])
    shifted = replace(MESH, vertices=(MESH.vertices - away[:3, 3]).astype(np.float32))
    model = replace(MODELS["textured"], caster=RayCaster(shifted))
    for seed in range(2):
        here = refine(moved(seed), LEVEL, MODELS["textured"], config=config, rounds=config.rounds)
        there = refine(moved(seed) @ away, LEVEL, model, config=config, rounds=config.rounds)
        assert max(apart(there, here @ away)) < 1e-4
        found, expected = judged(there, model, config), judged(here, MODELS["textured"], config)
        assert found.score == pytest.approx(expected.score, abs=1e-3)


def test_a_mesh_of_many_faces_is_left_to_ray_casting(monkeypatch):
    monkeypatch.setattr(calls, "MAX_FACES", 10)
    monkeypatch.setattr(calls, "load_kernel", pytest.fail)
    T = refine(moved(0), LEVEL, MODELS["textured"], config=CPP, rounds=CPP.rounds)
    np.testing.assert_array_equal(
        T, refine(moved(0), LEVEL, MODELS["textured"], config=NUMPY, rounds=CPP.rounds)
    )
    assert judged(T, MODELS["textured"], CPP).score == judged(T, MODELS["textured"], NUMPY).score


def test_tracks_made_before_there_were_engines_keep_their_names():
    assert "engine" not in CPP.model_dump(mode="json")
    assert NUMPY.model_dump(mode="json") == {**CPP.model_dump(mode="json"), "engine": "reference"}
    assert TrackerConfig.model_validate(NUMPY.model_dump(mode="json")) == NUMPY


def test_without_a_compiler_it_says_what_there_is_instead(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingDependencyError, match=r"engine=reference"):
        calls.load_kernel.__wrapped__()
