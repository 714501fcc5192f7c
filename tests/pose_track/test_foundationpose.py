import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pose_track.captures import commit_capture, synthetic_arrays
from tests.pose_track.test_track import POINTS, STAGE
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.errors import BadInputError, MissingDependencyError, QualityGateError
from xsim_core.geometry import inverse_se3
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.pose_track._foundationpose import read_answer
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import add_m

RUNNER = Path(__file__).with_name("fake_foundationpose.py")


@pytest.fixture(scope="module")
def recording():
    return synthetic_arrays(6, with_hand=False)


def run(tmp_path, recording, mode, *, wrong_by_m=0.0):
    arrays, truth, box = recording
    T = inverse_se3(T_WORLD_CAM) @ truth
    T[:, 0, 3] += wrong_by_m
    np.save(tmp_path / "truth.npy", T)
    store = ArtifactStore("memory://", scratch_root=tmp_path / "scratch")
    capture = commit_capture(store, arrays, init_box_xyxy=box)
    command = (
        sys.executable,
        str(RUNNER),
        mode,
        "{input}",
        "{output}",
        str(tmp_path / "truth.npy"),
    )
    config = PoseTrackConfig(backend="foundationpose", foundationpose_command=command)
    return store.open(run_stage(STAGE, config, store, {"capture": capture.ref}))


def test_answers_are_taken_and_verified(tmp_path, recording):
    made = run(tmp_path, recording, "good")
    assert made.summary.backend == "foundationpose"
    assert made.summary.num_ok == 6
    assert (made.array("score") > 0.5).all()
    T = inverse_se3(T_WORLD_CAM) @ recording[1]
    assert add_m(made.array("T_cam_object"), T, POINTS).max() < 1e-6


def test_a_lost_stretch_is_registered_again(tmp_path, recording):
    made = run(tmp_path, recording, "loses")
    assert made.summary.num_ok == 6
    T = inverse_se3(T_WORLD_CAM) @ recording[1]
    assert add_m(made.array("T_cam_object"), T, POINTS).max() < 1e-6
    said = "FoundationPose lost the object in 2 of 6 frames; registered again in frame 3, in 0."
    assert said in made.summary.notes


def test_a_runner_that_cannot_register_again_keeps_what_it_had(tmp_path, recording):
    made = run(tmp_path, recording, "loses, and cannot register again")
    assert made.summary.num_ok == 4
    assert made.array("status")[3:5].all()
    assert any("were not registered again" in note for note in made.summary.notes)
    assert any("this runner registers once" in note for note in made.summary.notes)


def test_poses_that_fit_nothing_are_refused(tmp_path, recording):
    with pytest.raises(BadInputError, match="fit no frame"):
        run(tmp_path, recording, "good", wrong_by_m=0.15)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("killed", "exit code 137 .*out of memory"),
        ("nan", "frame 3 is not a finite"),
        ("identity", "frame 0 has the identity rotation"),
        ("sheared", "frame 2 is not a rigid transform"),
        ("short", "answered 4 of 6 frames; the first missing one is 4"),
        ("garbled", "line 2 cannot be read"),
        ("unfinished", "without writing done.json"),
    ],
)
def test_broken_answers_are_refused(tmp_path, recording, mode, words):
    with pytest.raises(QualityGateError, match=words):
        run(tmp_path, recording, mode)


@pytest.mark.parametrize(
    "line", [b"\xff", b"[" * 20000, b'{"frame": Infinity, "T_cam_object": []}', b'"\xe2\x80\xa8']
)
def test_an_answer_of_any_bytes_is_a_sentence(tmp_path, line):
    (tmp_path / "poses.jsonl").write_bytes(line + b"\n")
    with pytest.raises(QualityGateError, match=r"^poses\.jsonl line 1 cannot be read: .+$"):
        read_answer(tmp_path, range(1))


def test_no_runner_configured(tmp_path, recording, monkeypatch):
    monkeypatch.delenv("XSIM_FOUNDATIONPOSE_COMMAND", raising=False)
    arrays, _, box = recording
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    capture = commit_capture(store, arrays, init_box_xyxy=box)
    config = PoseTrackConfig(backend="foundationpose")
    with pytest.raises(MissingDependencyError, match="XSIM_FOUNDATIONPOSE_COMMAND"):
        run_stage(STAGE, config, store, {"capture": capture.ref})
