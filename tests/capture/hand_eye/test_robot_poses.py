import numpy as np
import pytest

from xsim_core.capture.hand_eye.robot_poses import read_robot_poses
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp, so3_log


def rpy(R):
    return np.array(
        [np.arctan2(R[2, 1], R[2, 2]), np.arcsin(-R[2, 0]), np.arctan2(R[1, 0], R[0, 0])]
    )


SIX = {
    "a rotation vector": lambda T: [*T[:3, 3], *so3_log(T[:3, :3])],
    "roll, pitch, yaw": lambda T: [*(1000 * T[:3, 3]), *np.rad2deg(rpy(T[:3, :3]))],
    "yaw, pitch, roll": lambda T: [*T[:3, 3], *np.rad2deg(rpy(T[:3, :3])[::-1])],
}


@pytest.mark.parametrize("kind", SIX)
def test_three_angles_are_read_as_all_that_they_may_mean(tmp_path, kind):
    rng = np.random.default_rng(3)
    poses = make_se3(so3_exp(rng.normal(0, 1, (4, 3))), rng.uniform(0.2, 0.6, (4, 3)))
    pictures = [tmp_path / f"cam2_{i:04d}.png" for i in range(len(poses))]
    for i, T in enumerate(poses):
        (tmp_path / f"arm1_pose_{i:04d}.txt").write_text(" ".join(map(str, SIX[kind](T))))
    notes = []
    readings = read_robot_poses(pictures, tmp_path, notes)
    assert set(readings) == set(SIX)
    np.testing.assert_allclose([readings[kind][k] for k in range(len(poses))], poses, atol=1e-9)
    assert any("degrees" in n for n in notes) == (kind != "a rotation vector")
    assert any("millimetres" in n for n in notes) == (kind == "roll, pitch, yaw")


def test_units_are_of_all_poses_and_a_time_may_come_first(tmp_path):
    pictures = [tmp_path / f"{k}.png" for k in range(3)]
    path = tmp_path / "poses.csv"
    rows = [f"{k},{x},0,0,0,0,0,1" for k, x in enumerate((15, 300, 400))]
    path.write_text("\n".join(["t,x,y,z,qx,qy,qz,qw", *rows]))
    notes = []
    read = read_robot_poses(pictures, tmp_path, notes)
    assert [T[0, 3] for T in read["xyzw"].values()] == [0.015, 0.3, 0.4]
    assert notes == ["the robot's positions are taken as millimetres"]
    path.write_text("0.3 0 0 0 0 0 1\n0.4 0 0 0 0 0 1\n300 0 0 0 0 0 1\n")
    with pytest.raises(BadInputError, match="300 m from the base: are all in one unit"):
        read_robot_poses(pictures, tmp_path, [])


def test_numbers_that_are_no_angles_are_refused(tmp_path):
    (tmp_path / "poses.txt").write_text("0 0 1 0 0 1e9\n")
    with pytest.raises(BadInputError, match=r"an angle of 1e\+09: is it x y z and angles"):
        read_robot_poses([tmp_path / "0.png"], tmp_path, [])


def test_two_kinds_of_poses_are_refused(tmp_path):
    pictures = [tmp_path / f"{k}.png" for k in range(3)]
    for k in range(3):
        for name in (f"hand_{k}.txt", f"flange_{k}.txt"):
            (tmp_path / name).write_text("0 0 1 0 0 0 1")
    with pytest.raises(BadInputError, match=r"flange_0\.txt and hand_0\.txt could both be"):
        read_robot_poses(pictures, tmp_path, [])
    (tmp_path / "flange_1.txt").unlink()
    (tmp_path / "flange_2.txt").unlink()
    assert set(read_robot_poses(pictures, tmp_path, [])) == {"xyzw", "wxyz"}
    (tmp_path / "hand_1.txt").write_text("0 0 1 0 0 0")
    with pytest.raises(BadInputError, match="of several kinds: 6 and 7 numbers"):
        read_robot_poses(pictures, tmp_path, [])
