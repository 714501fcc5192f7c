"""The debug preset through every stage: a capture in, an evaluated and calibrated policy out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xsim_core.artifacts import ArtifactRef, Evaluation
from xsim_core.storage import ArtifactStore

STAGES = {
    "ingest_capture", "ingest_truth", "ingest_world", "scan", "splat", "pose_track", "build_sim",
    "ppo", "render_dataset", "diffusion", "deploy", "calibrate", "evaluate",
}  # fmt: skip

# What the weights become is nobody's question here.
SMALL_BATCHES = [
    f"{name}.batch_size=8" for name in ("diffusion.optim", "calibrate.optim", "calibrate.teach")
]


def demo(home):
    sets = [word for text in SMALL_BATCHES for word in ("--set", text)]
    return xsim(home, "demo", "--preset", "debug", "--no-prefect", "--json", *sets)


def xsim(home, *args):
    env = {**os.environ, "XSIM_HOME": str(home), "XSIM_STORE": (home / "store").as_uri()}
    # Other tests have the other core, and torch's threads spin while they wait for it.
    env["XSIM_WORKERS"] = "1"
    command = [sys.executable, "-c", "from flows.cli.main import main; main()", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.vulkan
@pytest.mark.timeout(1500)
def test_a_video_becomes_an_evaluated_policy_and_a_second_run_reuses_it(tmp_path):
    first = demo(tmp_path)
    assert first.returncode == 0, first.stderr[-3000:]
    answer = json.loads(first.stdout)
    assert Path(answer["report"]).stat().st_size > 100_000
    store = ArtifactStore((tmp_path / "store").as_uri())
    refs = {stage: ArtifactRef.parse(text) for stage, text in answer["stages"].items()}
    assert set(refs) == STAGES
    assert all(store.verify(ref) == [] for ref in refs.values())
    evaluation = store.open(refs["evaluate"], Evaluation).summary
    assert {(r.policy, r.domain) for r in evaluation.rates} == {
        ("teacher", "sim"),
        ("student", "sim"),
        ("calibrated", "sim"),
        ("student", "real"),
        ("calibrated", "real"),
    }
    assert evaluation.figures["adds_auc"] > 90
    assert evaluation.figures["alignment_mm"] < 5
    second = demo(tmp_path)
    assert second.returncode == 0, second.stderr[-3000:]
    assert json.loads(second.stdout)["num_reused"] == len(STAGES)
