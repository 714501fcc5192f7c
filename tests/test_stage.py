"""xsim_core/stage.py: identity and the contract around a stage."""

import errno
from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.contracts.toys import TOY, ToyConfig, make_truth
from xsim_core import provenance
from xsim_core.artifacts import ArtifactRef, GroundTruth
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, MissingDependencyError, StoreFullError
from xsim_core.stage import canonical_json, fingerprint, output_ref, run_stage
from xsim_core.storage import ArtifactStore, Runtime

REF = ArtifactRef(kind="ground_truth", fingerprint="ab" * 12)
WITH_INPUT = replace(TOY, inputs={"truth": GroundTruth}, optional=frozenset({"truth"}))


def test_identity_is_pinned():
    # A change here makes every stored artifact unreachable: bump stage versions instead.
    assert fingerprint(TOY, ToyConfig(), {}) == "a86e3960a0079c95c0f9228a"


def test_identity_changes_with_name_version_config_and_inputs():
    base = fingerprint(WITH_INPUT, ToyConfig(), {})
    others = {
        fingerprint(replace(WITH_INPUT, name="other"), ToyConfig(), {}),
        fingerprint(replace(WITH_INPUT, version=2), ToyConfig(), {}),
        fingerprint(WITH_INPUT, ToyConfig(num_frames=6), {}),
        fingerprint(WITH_INPUT, ToyConfig(), {"truth": REF}),
    }
    assert len(others | {base}) == 5


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), float("inf")])
def test_what_has_no_stable_form_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        canonical_json({"x": value})


def test_canonical_json_does_not_depend_on_order():
    assert canonical_json({"b": 1, "a": 2.0}) == canonical_json({"a": 2.0, "b": 1})


def test_unknown_missing_and_mistyped_inputs_are_named():
    needed = replace(WITH_INPUT, optional=frozenset())
    with pytest.raises(BadInputError, match=r"missing \['truth'\]"):
        output_ref(needed, ToyConfig(), {})
    with pytest.raises(BadInputError, match=r"unknown \['photos'\]"):
        output_ref(WITH_INPUT, ToyConfig(), {"photos": REF})
    wrong = ArtifactRef(kind="capture", fingerprint="ab" * 12)
    with pytest.raises(BadInputError, match="is a capture, not a ground_truth"):
        output_ref(WITH_INPUT, ToyConfig(), {"truth": wrong})


def test_a_stage_on_a_device_records_it_and_is_refused_one_that_is_not_there(tmp_path):
    store, on_device = ArtifactStore(tmp_path.as_uri()), replace(TOY, on_device=True)
    here = store.open(run_stage(on_device, ToyConfig(), store, {}))
    assert here.manifest.provenance["device"] == "cpu"
    elsewhere = store.open(run_stage(TOY, ToyConfig(name="plain"), store, {}))
    assert "device" not in elsewhere.manifest.provenance
    with pytest.raises(MissingDependencyError, match="'cuda:99' was asked for"):
        run_stage(on_device, ToyConfig(num_frames=6), store, {}, runtime=Runtime(device="cuda:99"))
    # What has no tensors is made whichever device was asked for; and identity knows of none.
    plain = run_stage(TOY, ToyConfig(num_frames=7), store, {}, runtime=Runtime(device="cuda:99"))
    assert plain == output_ref(on_device, ToyConfig(num_frames=7), {})


def test_a_misspelt_config_key_raises():
    with pytest.raises(ValidationError, match="num_frame"):
        ToyConfig.model_validate({"num_frame": 3})


def test_inputs_arrive_opened_and_lineage_is_recorded():
    store = ArtifactStore("memory://")
    first = run_stage(TOY, ToyConfig(), store, {})

    def run(*, truth, config, out):
        assert truth.array("T_world_object").shape == (5, 4, 4)
        return make_truth(config=config, out=out)

    ref = run_stage(replace(WITH_INPUT, run=run), ToyConfig(), store, {"truth": first})
    manifest = store.manifest(ref)
    assert manifest.inputs == {"truth": first}
    assert manifest.config == ToyConfig().model_dump(mode="json")
    assert manifest.provenance["duration_s"] >= 0
    assert {"commit", "host", "packages", "peak_memory_mb"} <= set(manifest.provenance)


def test_a_full_disk_is_named():
    def fill(*, config, out):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreFullError, match="finished stages are kept"):
        run_stage(replace(TOY, run=fill), ToyConfig(), ArtifactStore("memory://"), {})


def test_a_stage_must_return_its_kind():
    class Other(FrozenModel):
        pass

    def run(*, config, out):
        return Other()

    with pytest.raises(BadInputError, match="returned"):
        run_stage(replace(TOY, run=run), ToyConfig(), ArtifactStore("memory://"), {})


def test_without_git_an_artifact_is_made_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    provenance._git.cache_clear()
    store = ArtifactStore((tmp_path / "store").as_uri())
    manifest = store.manifest(run_stage(TOY, ToyConfig(), store, {}))
    provenance._git.cache_clear()
    assert manifest is not None
    assert manifest.provenance["commit"] is None
