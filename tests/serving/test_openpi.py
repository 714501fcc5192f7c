"""openpi's published client drives the server unchanged, in an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.fixtures import make_student
from tests.serving.serving import KEY, served
from xsim_core.policies import Student
from xsim_core.serving import PolicyAnswers
from xsim_core.storage import ArtifactStore

PEER = os.environ.get("XSIM_OPENPI_PYTHON", "")


@pytest.mark.slow
@pytest.mark.skipif(not PEER, reason="XSIM_OPENPI_PYTHON names no interpreter with openpi-client")
def test_the_published_client_drives_it(tmp_path):
    store = ArtifactStore("memory://")
    ref = make_student(store)
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    script = Path(__file__).with_name("openpi_drives.py")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    with served(PolicyAnswers.read(store, ref)) as port:
        left = subprocess.run(
            [PEER, "-P", str(script), f"ws://127.0.0.1:{port}", str(key_file)],
            capture_output=True,
            env=kept,
            timeout=280,
            check=False,
        )
    assert left.returncode == 0, left.stderr[-3000:]
    said = json.loads(left.stdout)
    assert said["policy"] == str(ref)
    noise = np.random.default_rng([3, 0x57AD]).standard_normal((1, 8, 3), np.float32)
    rgb = np.full((1, 1, 72, 96, 3), 7, np.uint8)
    state = np.array([[[0.5, 0, 0.1, 0, 1, 0]]], np.float32)
    wanted = Student.read(store.open(ref)).sample_actions(rgb, state, noise)[0]
    np.testing.assert_array_equal(np.array(said["chunk"], np.float32), wanted)
