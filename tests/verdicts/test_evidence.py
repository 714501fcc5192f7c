"""xsim_core/verdicts/evidence.py: heights, steps and stretches, against hand-computed ones."""

import numpy as np
import pytest

from tests.sim.fixtures import make_track, push_path
from tests.verdicts.test_track import CORNERS, HZ, N, evidence
from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.storage import ArtifactStore
from xsim_core.verdicts.evidence import Surface, TrackEvidence, table


def test_the_lowest_point_of_a_tilted_box_is_its_corner():
    T = make_se3(so3_exp([0, np.pi / 4, 0]), [0.5, 0, 0.2])
    held = evidence(T_world_object=np.tile(T, (N, 1, 1)))
    corner = 0.2 - (0.05 + 0.025) * np.sqrt(0.5)
    np.testing.assert_allclose(held.heights_m(table(0.01)), corner - 0.01, atol=1e-6)


def test_heights_above_a_slope_are_measured_across_it():
    slope = Surface("slope", (0.6, 0.0, 0.8), 0.0)
    T = make_se3(np.eye(3), [1.0, 0, 0])
    still = evidence(T_world_object=np.tile(T, (N, 1, 1)))
    expected = 0.6 - (0.6 * 0.05 + 0.8 * 0.025)
    np.testing.assert_allclose(still.heights_m(slope), expected, atol=1e-6)
    assert slope.tilt_rad == pytest.approx(np.arccos(0.8))


def test_flat_meshes_and_single_triangles_have_heights():
    flat = evidence(vertices=CORNERS * [1, 1, 0])
    np.testing.assert_allclose(flat.heights_m(table(0)), 0.025, atol=1e-5)
    few = evidence(vertices=CORNERS[:3])
    assert few.heights_m(table(0)).shape == (N,)


def test_steps_over_frames_that_were_not_seen_are_none():
    status = np.zeros(N, np.int8)
    status[40:50] = 2
    T = evidence().T_world_object.copy()
    T[45:, 1, 3] += 1.0  # Where it went meanwhile nobody saw: no speed is known.
    speed, spin, time_s = evidence(status=status, T_world_object=T).steps
    assert len(speed) == len(spin) == len(time_s) == N - 1 - 11
    assert speed.max() < 0.35
    assert evidence().steps[0].max() == pytest.approx(0.16 * 1.875, abs=0.005)


def test_a_stretch_lasts_from_the_frame_before_to_the_frame_after():
    flags = np.zeros(N, bool)
    flags[[3, 40, 41, 42]] = True
    begin, length_s = evidence().longest_s(flags)
    assert (begin, length_s) == pytest.approx((39 / HZ, 4 / HZ))
    assert evidence().longest_s(np.zeros(N, bool))[1] == 0


def test_of_an_artifact_that_older_code_made():
    store = ArtifactStore("memory://")
    made = TrackEvidence.of(store.open(make_track(store), ObjectTrack), table(0.0))
    np.testing.assert_array_equal(made.T_world_object, push_path())
    assert [surface.name for surface in made.surfaces] == ["the room's table"]
    assert made.passes_apart_m is None
