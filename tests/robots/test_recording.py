"""A recording is whole up to the last step that was written, wherever it was cut."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.robots.recording import RolloutWriter, read_rollout

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (5, 6, 8, 3), np.uint8)
DEPTH_MM = RNG.integers(0, 5000, (5, 6, 8), np.uint16)


def written(path, num_steps=5, *, ends=True):
    writer = RolloutWriter(path, {"task": "push_block", "seed": 3})
    for i in range(num_steps):
        row = {"frame_index": i, "action": np.array([i, 0.5], np.float32), "held_back_by": ""}
        writer.step(row, RGB[i], DEPTH_MM[i])
    if ends:
        writer.end("success", {"ticks": 7})
    return path


def test_what_is_read_is_what_was_written(tmp_path):
    rollout = read_rollout(written(tmp_path / "a.rollout"))
    assert (rollout.header["task"], rollout.header["seed"]) == ("push_block", 3)
    assert (rollout.outcome, rollout.figures, rollout.num_lost_bytes) == (
        "success",
        {"ticks": 7},
        0,
    )
    for i, step in enumerate(rollout.steps):
        assert step["frame_index"] == i
        np.testing.assert_array_equal(step["action"], np.array([i, 0.5], np.float32))
        np.testing.assert_array_equal(rollout.rgb(i), RGB[i])
        np.testing.assert_array_equal(rollout.depth_mm(i), DEPTH_MM[i])


def test_a_step_without_its_picture_is_said(tmp_path):
    writer = RolloutWriter(tmp_path / "a.rollout", {"task": "push_block"})
    writer.step({"frame_index": 0, "frame_age_s": 0.1}, None, None)
    writer.end("success", {})
    rollout = read_rollout(tmp_path / "a.rollout")
    for picture in (rollout.rgb, rollout.depth_mm):
        with pytest.raises(BadInputError, match="step 0 of the rollout holds no 'observation"):
            picture(0)


def test_every_cut_leaves_the_whole_steps_before_it(tmp_path):
    data = written(tmp_path / "a.rollout").read_bytes()
    header_end = 16 + int.from_bytes(data[8:12], "little")
    part, counts = tmp_path / "part.rollout", []
    for end in range(8, len(data), 97):
        part.write_bytes(data[:end])
        if end < header_end:
            with pytest.raises(BadInputError, match="before its header"):
                read_rollout(part)
            continue
        rollout = read_rollout(part)
        counts.append(len(rollout.steps))
        assert rollout.outcome is None
        for i in range(len(rollout.steps)):
            np.testing.assert_array_equal(rollout.rgb(i), RGB[i])
    assert counts == sorted(counts)
    assert set(counts) == set(range(6))


def test_a_flipped_byte_ends_what_is_believed(tmp_path):
    path = written(tmp_path / "a.rollout")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    rollout = read_rollout(path)
    assert 0 < len(rollout.steps) < 5
    assert rollout.num_lost_bytes > 0


def test_nothing_is_written_over_and_nothing_else_is_read(tmp_path):
    path = written(tmp_path / "a.rollout")
    with pytest.raises(FileExistsError):
        RolloutWriter(path, {})
    other = tmp_path / "other"
    other.write_bytes(b"something else")
    with pytest.raises(BadInputError, match="is no rollout"):
        read_rollout(other)


def test_a_killed_client_leaves_all_its_steps(tmp_path):
    path = tmp_path / "killed.rollout"
    code = f"""
        import os, signal
        import numpy as np
        from pathlib import Path
        from xsim_core.robots.recording import RolloutWriter
        writer = RolloutWriter(Path({str(path)!r}), {{}})
        for i in range(7):
            writer.step({{"frame_index": i}}, np.full((4, 5, 3), i, np.uint8), None)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    rollout = read_rollout(path)
    assert [step["frame_index"] for step in rollout.steps] == [*range(7)]
    assert rollout.outcome is None
    assert (rollout.rgb(6) == 6).all()
