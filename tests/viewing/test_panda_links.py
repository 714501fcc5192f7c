import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.files.cache import cache_folder
from xsim_core.render.panda import low_poly_panda
from xsim_core.sim.controller import JOINT_HIGH, JOINT_LOW, forward_kinematics
from xsim_core.viewing.panda_links import RobotLinks


@pytest.fixture(scope="module")
def panda():
    return RobotLinks.read(low_poly_panda(cache_folder()))


def test_the_hand_is_where_the_controller_has_it(panda):
    rng = np.random.default_rng(0)
    for q in rng.uniform(JOINT_LOW, JOINT_HIGH, (20, 7)):
        T = panda.poses(np.append(q, [0.04, 0.01]))["panda_hand_tcp"]
        np.testing.assert_allclose(T, forward_kinematics(q)[0], atol=1e-6)


def test_fingers_open_by_their_joints(panda):
    shut, open_ = (panda.poses(np.append(np.zeros(7), [q, q])) for q in (0.0, 0.04))
    fingers = ("panda_leftfinger", "panda_rightfinger")
    moved = [open_[name][:3, 3] - shut[name][:3, 3] for name in fingers]
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 0.04, atol=1e-9)
    np.testing.assert_allclose(moved[0], -moved[1], atol=1e-9)


def test_everything_seen_has_a_file_and_a_pose(panda):
    poses = panda.poses(np.zeros(9))
    seen = {name: files for name, files in panda.visuals.items() if files}
    assert len(seen) == 11
    assert set(seen) <= set(poses)
    assert all(file.is_file() for files in seen.values() for file, _ in files)


def test_another_robots_joints_are_refused(panda):
    with pytest.raises(BadInputError, match="has 9 joints"):
        panda.poses(np.zeros(7))
