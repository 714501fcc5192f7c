"""Ground truth is for ``evaluate`` alone: no other stage declares it, names it or can reach it."""

import ast
from pathlib import Path

import pytest

import xsim_core
from xsim_core.artifacts import GroundTruth, RealWorld
from xsim_core.stages import SIDE_STAGES, STAGES

ROOT = Path(xsim_core.__file__).parent
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}
STAGE_PACKAGES = {stage.run.split(":")[0].split(".")[1] for stage in (*STAGES, *SIDE_STAGES)}
KNOW_OF_TRUTH = {"artifacts", "capture", "evaluate", "report"}
"""Where its kind is defined, where it is made, who reads it, and who prints what came out."""
KNOW_OF_WORLDS = {"artifacts", "capture", "world"}


def test_the_packages_of_stages_are_there():
    assert STAGE_PACKAGES <= PACKAGES
    assert KNOW_OF_TRUTH | KNOW_OF_WORLDS <= PACKAGES
    assert {"build_sim", "render_dataset", "calibrate"} <= STAGE_PACKAGES - KNOW_OF_TRUTH


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_only_evaluate_declares_truth(stage):
    takes_truth = GroundTruth in stage.inputs.values()
    assert takes_truth == (stage.name == "evaluate")


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_only_the_deploying_stages_get_the_world(stage):
    assert (RealWorld in stage.inputs.values()) == (stage.name in {"deploy", "evaluate"})


@pytest.mark.parametrize("package", sorted(PACKAGES - KNOW_OF_TRUTH))
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


@pytest.mark.parametrize("package", sorted(PACKAGES - KNOW_OF_WORLDS))
def test_nothing_but_the_world_opens_the_world(package):
    for path in (ROOT / package).rglob("*.py"):
        assert "spec_json" not in path.read_text(), path


@pytest.mark.parametrize("package", sorted(STAGE_PACKAGES))
def test_a_stage_is_handed_artifacts_not_the_store(package):
    for path in (ROOT / package).rglob("*.py"):
        assert "ArtifactStore" not in path.read_text(), path
