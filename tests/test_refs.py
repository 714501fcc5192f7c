"""xsim_core/refs.py."""

import numpy as np
import pytest

from tests.sim.fixtures import make_scene, make_track
from xsim_core.artifacts import StudentPolicy
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.refs import find_ref
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import ArtifactStore


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def test_a_run_and_its_stage(store):
    scene = make_scene(store)
    save_record(store, RunRecord(name="mine", stages={"splat": scene}))
    assert find_ref(store, "mine:splat") == scene
    with pytest.raises(UnknownNameError, match="stage of run 'mine' 'splatt'"):
        find_ref(store, "mine:splatt")


def test_a_run_alone_is_answered_with_its_stages(store):
    save_record(store, RunRecord(name="mine", stages={"splat": make_scene(store)}))
    with pytest.raises(BadInputError, match=r"'mine' is a run\. .*: mine:splat\."):
        find_ref(store, "mine")
    with pytest.raises(UnknownNameError, match=r"run or artifact 'mime'\. Did you mean 'mine'"):
        find_ref(store, "mime")


def test_digits_as_long_as_they_fit_one(store):
    first, second = (f"ab{digit}" * 8 for digit in "12")
    for fingerprint in (first, second):
        out = store.begin("student_policy", fingerprint)
        _commit(store, out)
    assert find_ref(store, "ab1").fingerprint == first
    assert find_ref(store, "student_policy/ab2").fingerprint == second
    with pytest.raises(BadInputError, match=r"'ab' fits .*ab1.*ab2.*Give more digits"):
        find_ref(store, "ab")


def _commit(store, out):
    out.write_all({"weights/w": np.zeros(1, np.float32)})
    out.write_all({"normalizer/n": np.zeros(1, np.float32), "curve/loss": np.zeros(1)})
    summary = StudentPolicy(
        task="t", is_calibrated=False, architecture={}, num_train_steps=0, final_loss=0.0
    )
    store.commit(out, summary, stage="t", stage_version=1, config={}, inputs={}, provenance={})


def test_a_whole_ref_is_found_without_listing_the_store(store, monkeypatch):
    scene, track = make_scene(store), make_track(store)

    def refuse(self, kind=None):
        raise AssertionError("listed")

    monkeypatch.setattr(ArtifactStore, "list_refs", refuse)
    assert find_ref(store, str(scene)) == scene
    assert find_ref(store, str(track)) == track


@pytest.mark.parametrize("digits", ["", "0" * 24, "ABC"])
def test_what_is_not_there_is_listed(store, digits):
    scene = make_scene(store)
    with pytest.raises(UnknownNameError, match=str(scene)):
        find_ref(store, f"splat_scene/{digits}")
    with pytest.raises(UnknownNameError, match="artifact kind 'scene'"):
        find_ref(store, f"scene/{digits}")
