import pytest

from tests.flows.toys import make_toy_run
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import MissingArtifactError
from xsim_core.report import lineage_text, stages_behind, trace_lineage


def test_lineage_reaches_everything_behind_an_evaluation(toy_store, toy_refs):
    lineage = trace_lineage(toy_store, toy_refs["evaluate"])
    assert stages_behind(lineage) == toy_refs
    order = [n.stage for n in lineage.nodes]
    assert order.index("scan") < order.index("splat") < order.index("ppo") < order.index("evaluate")


def test_lineage_text_draws_each_artifact_once(toy_store, toy_refs):
    text = lineage_text(trace_lineage(toy_store, toy_refs["evaluate"]))
    assert text.splitlines()[0].startswith(f"{toy_refs['evaluate']}  by evaluate")
    assert text.count("by splat") == 1
    assert "(above)" in text


def test_a_deleted_parent_is_shown_as_such(tmp_path):
    store, refs = make_toy_run(tmp_path)
    store.delete(refs["scan"])
    nodes = trace_lineage(store, refs["splat"]).by_ref
    assert not nodes[str(refs["scan"])].is_present


def test_lineage_of_nothing_is_an_error(toy_store):
    with pytest.raises(MissingArtifactError, match="xsim status"):
        trace_lineage(toy_store, ArtifactRef(kind="capture", fingerprint="0" * 24))
