"""Demonstrations, a robot's rollouts, and what robots and policy servers say on the wire."""

import struct
import zlib
from functools import partial

import msgpack
import numpy as np

from tests.importers.lerobot_files import write_lerobot
from tests.rollouts.recordings import step_at, write
from xsim_core.geometry import PinholeCamera
from xsim_core.importers import Picks
from xsim_core.importers.lerobot.read import read_lerobot
from xsim_core.robots.recording import MAGIC
from xsim_core.robots.session import ROBOT
from xsim_core.robots.wire.messages import frame_of, hello, info_of, state_of
from xsim_core.rollouts.read import Fits, read_fitting
from xsim_core.rollouts.timeline import timeline_of
from xsim_core.serving.probe import black_observation
from xsim_core.serving.wire import pack, unpack
from xsim_core.sim.task import TaskSpec

from . import mutations as m, places as p
from .format import Format

WH = (16, 12)
TASK = TaskSpec(name="push")
STATE = {
    "type": "state", "time_s": 1.5, "qpos": np.zeros(9), "qvel": np.zeros(9),
    "T_world_tcp": np.eye(4), "gripper_m": 0.04, "force_n": np.zeros(3),
}  # fmt: skip
FRAME = {
    "type": "frame", "time_s": 1.5, "rgb": np.zeros((12, 16, 3), np.uint8),
    "depth_mm": np.zeros((12, 16), np.uint16),
}  # fmt: skip
METADATA = {
    "policy": "student_policy/0", "actions": [16, 3], "n_action_steps": 8,
    "observation": {"observation.images.front": [12, 16, 3], "observation.state": [6]},
}  # fmt: skip
_HEAD = struct.Struct("<II")


def _lerobot(version, spoilt, folder, *, films=False):
    """A dataset of three episodes; answers its first file of that name."""
    write_lerobot(folder / "set", version=version, films=films)
    return min((folder / "set").glob(f"**/{spoilt}"))


def _demonstrations(path):
    root = next(place for place in path.parents if place.name == "set")
    arrays, said = read_lerobot(root, Picks().model_dump(mode="json"))
    ends, n = arrays["episode_ends"], len(arrays["action"])
    assert (np.diff(ends) > 0).all()
    assert ends[-1] == n
    assert arrays["observation.images.front"].shape[0] == n
    assert arrays["observation.images.front"].dtype == np.uint8
    assert np.isfinite(arrays["action"]).all()
    assert np.isfinite(arrays["observation.state"]).all()
    assert 0 < said["fps"] < np.inf


def _rollout(folder):
    """A recording of four steps."""
    header = {
        "policy": "student_policy/0", "task": TASK.name, "driver": "somebody's", "robot": ROBOT,
        "fps": 10, "waits": False, "action_names": list(TASK.action_names), "seed": 3, "K": p.K,
        "T_world_cam": np.eye(4), "limits": "{}", "image_hw": [WH[1], WH[0]],
    }  # fmt: skip
    return write(folder / "a.rollout", header, [step_at(i) for i in range(4)])


def _of_records(data, rng):
    """A recording with one of its records changed, its length and checksum right again."""
    records, at = [], len(MAGIC)
    while at < len(data):
        size, _ = _HEAD.unpack_from(data, at)
        records.append(data[at + _HEAD.size : at + _HEAD.size + size])
        at += _HEAD.size + size
    i = int(rng.integers(len(records)))
    match rng.integers(8):
        case 0:
            del records[i]
        case 1:
            records.insert(int(rng.integers(len(records))), records[i])
        case _:
            records[i] = _of_message(records[i], rng)
    return MAGIC + b"".join(_HEAD.pack(len(r), zlib.crc32(r)) + r for r in records)


def _of_message(data, rng):
    """A message of MessagePack whose values were changed, or its bytes."""
    if rng.random() < 0.3:
        return m.in_bytes(data, rng)
    try:
        return msgpack.packb(m.in_value(msgpack.unpackb(data), rng))
    except (OverflowError, ValueError, TypeError):  # No number or key of MessagePack.
        return m.in_bytes(data, rng)


def _recording(path):
    rollout, setting = read_fitting(path, Fits(TASK, np.eye(4)))
    assert np.isfinite(setting.camera.K).all()
    if not rollout.steps:
        return
    rows = timeline_of(rollout.steps, TASK.action_names)
    for values in (rows.state, rows.qpos, rows.action, rows.time_s):
        assert np.isfinite(values).all()
    for i in rows.steps.tolist():
        assert rollout.rgb(i).shape == (WH[1], WH[0], 3)


def _hello(path):
    info = info_of(unpack(path.read_bytes()))
    assert np.isfinite(info.camera.K).all()


def _state(path):
    state_of(unpack(path.read_bytes()), 0.0)


def _frame(path):
    frame = frame_of(unpack(path.read_bytes()), 0.0, (WH[1], WH[0]))
    assert frame.rgb.shape == (WH[1], WH[0], 3)


def _metadata(path):
    assert all(values.nbytes < 1 << 24 for values in black_observation(unpack(path.read_bytes())))


DEMONSTRATIONS = {
    **{
        f"lerobot {version} {name}": Format(
            partial(_lerobot, version, name), _demonstrations, how, share
        )
        for version, name, how, share in (
            ("v3.0", "info.json", m.in_json, 1.0),
            ("v2.1", "info.json", m.in_json, 0.5),
            ("v2.1", "episodes.jsonl", m.in_words, 0.5),
            ("v2.1", "tasks.jsonl", m.in_words, 0.5),
            ("v3.0", "tasks.parquet", m.in_bytes, 0.5),
            ("v3.0", "file-000.parquet", m.in_bytes, 1.0),
        )
    },
    "lerobot film": Format(
        partial(_lerobot, "v3.0", "*.mp4", films=True), _demonstrations, share=0.2
    ),
    "rollout of a robot": Format(_rollout, _recording, _of_records),
    "robot's hello": Format(
        p.with_file("hello", pack(hello("panda", 9, 0.08, PinholeCamera(*WH, p.K), np.eye(4)))),
        _hello,
        _of_message,
    ),
    "robot's state": Format(p.with_file("state", pack(STATE)), _state, _of_message),
    "robot's frame": Format(p.with_file("frame", pack(FRAME)), _frame, _of_message),
    "policy server's metadata": Format(
        p.with_file("metadata", pack(METADATA)), _metadata, _of_message
    ),
}
