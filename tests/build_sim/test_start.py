import numpy as np
import pytest

from xsim_core.build_sim.start import FINGER_RADIUS_M, start_tcp, workspace
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.sim.task import load_task

TABLE_M = 0.01
BAR = np.array([[x, y, z] for x in (-0.05, 0.05) for y in (-0.01, 0.01) for z in (-0.02, 0.02)])
CENTRE = np.zeros(3)


def pushed_along(direction, yaw=0.0):
    start = np.array([0.5, 0.1, 0.03])
    poses = [make_se3(so3_exp([0, 0, yaw]), start + s * np.array(direction)) for s in (0, 0.1, 0.2)]
    return poses[0], np.array(poses[1:])


def test_a_pushing_hand_starts_behind_the_object_on_its_path():
    task = load_task("push_block")
    T_start, T_waypoints = pushed_along([0.0, 1.0, 0.0])
    tcp, yaw = start_tcp(task, BAR, T_start, T_waypoints, CENTRE, TABLE_M)
    behind = 0.01 + task.standoff_m + FINGER_RADIUS_M
    np.testing.assert_allclose(tcp, [0.5, 0.1 - behind, TABLE_M + task.start_height_m], atol=1e-12)
    assert yaw == 0.0


@pytest.mark.parametrize("yaw", [0.0, 0.7, -0.7])
def test_a_hand_above_closes_on_the_narrow_side(yaw):
    task = load_task("pick_place")
    T_start, T_waypoints = pushed_along([0.0, 1.0, 0.0], yaw)
    tcp, found = start_tcp(task, BAR, T_start, T_waypoints, CENTRE, TABLE_M)
    np.testing.assert_allclose(tcp[:2], [0.5, 0.1])
    # The fingers open along (sin, -cos) of the yaw: along the bar's own y axis, either way round.
    opening = np.array([np.sin(found), -np.cos(found)])
    assert abs(opening @ [-np.sin(yaw), np.cos(yaw)]) > np.cos(np.deg2rad(1.1))


def test_closed_fingers_do_not_start_in_the_object():
    above = load_task("push_block").model_copy(update={"start_side": "above"})
    T_start, T_waypoints = pushed_along([0.0, 1.0, 0.0])
    with pytest.raises(BadInputError, match=r"start_height_m 0.03, and the object is 0.040 m high"):
        start_tcp(above, BAR, T_start, T_waypoints, CENTRE, TABLE_M)
    higher = above.model_copy(update={"start_height_m": 0.05})
    tcp, _ = start_tcp(higher, BAR, T_start, T_waypoints, CENTRE, TABLE_M)
    np.testing.assert_allclose(tcp, [0.5, 0.1, TABLE_M + 0.05])


def test_the_workspace_holds_path_and_start():
    task = load_task("push_block")
    T_start, T_waypoints = pushed_along([0.0, 1.0, 0.0])
    tcp = np.array([0.4, 0.0, 0.2])
    low, high = workspace(task, T_start, T_waypoints, CENTRE, tcp, TABLE_M)
    margin = task.workspace_margin_m
    np.testing.assert_allclose(low[:2], [0.4 - margin, 0.0 - margin])
    np.testing.assert_allclose(high[:2], [0.5 + margin, 0.3 + margin])
    np.testing.assert_allclose([low[2], high[2]], np.add(TABLE_M, task.workspace_z_m))
