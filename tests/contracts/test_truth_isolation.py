"""Ground truth is for ``evaluate`` alone: no other stage declares it, names it or can reach it."""

import ast
from pathlib import Path

import pytest

import xsim_core
from xsim_core.artifacts import GroundTruth, RealWorld
from xsim_core.stages import STAGES

ROOT = Path(xsim_core.__file__).parent
STAGE_PACKAGES = ["scan", "splat", "pose_track", "ppo", "render_dataset", "diffusion", "calibrate"]
SHARED_PACKAGES = ["sim", "world", "tracking", "rasterize", "policies", "geometry"]


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_only_evaluate_declares_truth(stage):
    takes_truth = GroundTruth in stage.inputs.values()
    assert takes_truth == (stage.name == "evaluate")


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_only_the_deploying_stages_get_the_world(stage):
    assert (RealWorld in stage.inputs.values()) == (stage.name in {"calibrate", "evaluate"})


@pytest.mark.parametrize("package", STAGE_PACKAGES + SHARED_PACKAGES)
def test_no_other_package_names_truth(package):
    for path in (ROOT / package).rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
        assert "GroundTruth" not in names, path
        docs = {
            n.value.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)
        }
        texts = {
            n.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        } - docs
        assert not any("truth" in t.lower() for t in texts), (
            path,
            [t for t in texts if "truth" in t.lower()],
        )


@pytest.mark.parametrize("package", [p for p in STAGE_PACKAGES + SHARED_PACKAGES if p != "world"])
def test_nothing_but_the_world_opens_the_world(package):
    for path in (ROOT / package).rglob("*.py"):
        assert "spec_json" not in path.read_text(), path


@pytest.mark.parametrize("package", STAGE_PACKAGES)
def test_a_stage_is_handed_artifacts_not_the_store(package):
    for path in (ROOT / package).rglob("*.py"):
        assert "ArtifactStore" not in path.read_text(), path
