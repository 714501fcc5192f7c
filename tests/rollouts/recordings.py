"""Recordings as ``xsim robot run`` writes them, of a TCP that goes straight on."""

import numpy as np

from xsim_core.robots.recording import RolloutWriter

DT_S, SPEED_M_S = 0.1, 0.05
NAMES = ("dx", "dy", "dz")


def header_of(sim, policy, **other):
    """What a run says of itself; ``sim`` is an ``OpenSimWorld``."""
    assets = sim.assets
    height, width = assets.image_hw
    own = {"policy": str(policy), "task": sim.task.name, "driver": "somebody's", "robot": "panda"}
    own |= {"fps": 10, "waits": False, "action_names": list(sim.task.action_names), "seed": 3}
    own |= {"K": np.array(assets.K), "T_world_cam": np.array(assets.T_world_cam), "limits": "{}"}
    return own | {"image_hw": [height, width]} | other


def step_at(i, *, lag_s=0.28, **other):
    """Row ``i`` of a TCP that moves along y at ``SPEED_M_S``; its picture is ``lag_s`` old."""
    t = 0.05 + DT_S * i
    y = SPEED_M_S * t
    row = {"frame_index": i, "timestamp": t, "state_age_s": 0.0, "frame_age_s": lag_s}
    row["observation.state"] = np.array([0.5, y, 0.1, 0, 1, 0.5], np.float32)
    row |= {"observation.qpos": np.full(7, t), "observation.force_n": np.zeros(3)}
    row |= {"action": np.array([0, 1, 0], np.float32), "held_back_by": ""}
    return row | other


def write(path, header, rows, *, outcome="success", has_depth=True, is_cut=False):
    """A file of these rows; pictures are of each row alone."""
    height, width = header["image_hw"]
    writer = RolloutWriter(path, header)
    for i, row in enumerate(rows):
        rgb = np.full((height, width, 3), 10 + i, np.uint8)
        depth_mm = np.full((height, width), 700 + i, np.uint16) if has_depth else None
        writer.step(row, rgb, depth_mm)
    if outcome is None:
        writer.close()
    else:
        writer.end(outcome, {})
    if is_cut:
        path.write_bytes(path.read_bytes()[:-40])
    return path
