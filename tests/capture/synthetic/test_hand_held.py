"""xsim_core/capture/synthetic/hand_held.py: a film whose camera moves, with its truth."""

import numpy as np
import pytest

from xsim_core.capture import SynthesizeConfig
from xsim_core.capture.synthetic.hand_held import hand_held
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import rotation_angle, transform_points

EYE, TARGET = np.array(SynthesizeConfig().eye_m), np.array(SynthesizeConfig().target_m)


def test_a_hand_is_slow_looks_at_the_table_and_is_another_with_every_seed():
    times_s = np.arange(90) / 15
    T = hand_held(EYE, TARGET, times_s, np.random.default_rng([0, 1]))
    np.testing.assert_allclose(T, hand_held(EYE, TARGET, times_s, np.random.default_rng([0, 1])))
    other = hand_held(EYE, TARGET, times_s, np.random.default_rng([1, 1]))
    assert np.linalg.norm((T - other)[:, :3, 3], axis=1).max() > 0.003
    speed_m_s = 15 * np.linalg.norm(np.diff(T[:, :3, 3], axis=0), axis=1)
    assert 0.02 < np.median(speed_m_s) < speed_m_s.max() < 0.35
    assert np.rad2deg(15 * rotation_angle(T[:-1, :3, :3], T[1:, :3, :3])).max() < 40
    ahead = transform_points(T, np.array([[0, 0, np.linalg.norm(EYE - TARGET)]]))[:, 0]
    assert np.linalg.norm(ahead - TARGET, axis=1).max() < 0.06
    assert np.linalg.norm(T[:, :3, 3] - T[0, :3, 3], axis=1).max() > 0.2


@pytest.mark.vulkan
def test_every_frame_s_depth_agrees_with_its_own_camera():
    config = SynthesizeConfig(camera="hand", image_wh=(96, 72), num_frames=4, fps=1.0, num_photos=0)
    studio = Studio(config, lambda *_: None)
    video = studio.take_video(studio.motion.poses(studio.phases)).video
    assert len({T.tobytes() for T in studio.video_poses}) == 4
    for depth_mm, T in zip(video.depth_mm, studio.video_poses, strict=True):
        height = transform_points(T, video.camera.unproject(depth_mm / 1000.0))[..., 2]
        assert abs(np.median(height[48:][depth_mm[48:] > 0])) < 0.005
