"""The folder holds the policy to the bit, and says what its numbers are."""

import json

import numpy as np
import pytest
import yaml
from safetensors import safe_open

from tests.evaluate.fixtures import make_student
from tests.sim.fixtures import make_sim
from xsim_core.errors import BadInputError
from xsim_core.exporters import export_artifact, read_policy_folder
from xsim_core.policies import Student, StudentArchitecture
from xsim_core.storage import ArtifactStore


@pytest.fixture
def folder(store, refs, tmp_path):
    return export_artifact(store, refs["student"], "safetensors", tmp_path / "policy").folder


def test_tensors_are_the_arrays_of_the_artifact(store, refs, folder):
    policy = store.open(refs["student"])
    names = [n for n in policy.array_names if n.startswith(("weights/", "normalizer/"))]
    with safe_open(folder / "model.safetensors", "np") as file:
        assert sorted(file.keys()) == sorted(n.replace("/", ".", 1) for n in names)
        for name in names:
            stored = file.get_tensor(name.replace("/", ".", 1))
            np.testing.assert_array_equal(stored, policy.array(name))


def test_it_acts_the_same_to_the_bit(store, refs, folder):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (2, 1, 72, 96, 3), np.uint8)
    state = rng.normal(size=(2, 1, 6)).astype(np.float32)
    noise = rng.standard_normal((2, 8, 3), np.float32)
    mine = Student.read(store.open(refs["student"])).sample_actions(rgb, state, noise)
    again = read_policy_folder(folder).sample_actions(rgb, state, noise)
    np.testing.assert_array_equal(again, mine)


def test_other_networks_and_objectives_come_back_to_the_bit(tmp_path):
    store = ArtifactStore("memory://")
    base = {"channels": (8, 8, 16), "embed_dim": 32, "head_channels": 4}
    architecture = StudentArchitecture(
        **base, transformer={"width": 16, "depth": 1}, objective="flow", num_inference_steps=2
    )
    ref = make_student(store, seed=7, architecture=architecture)
    made = export_artifact(store, ref, "safetensors", tmp_path / "policy")
    again = read_policy_folder(made.folder)
    assert again.architecture == architecture
    rng = np.random.default_rng(0)
    rgb, state = rng.integers(0, 256, (1, 1, 72, 96, 3), np.uint8), rng.normal(size=(1, 1, 6))
    given = (rgb, state.astype(np.float32), rng.standard_normal((1, 8, 3), np.float32))
    mine = Student.read(store.open(ref)).sample_actions(*given)
    np.testing.assert_array_equal(again.sample_actions(*given), mine)


def test_the_card_is_one_that_a_hub_can_read(folder):
    front, text = (folder / "README.md").read_text().removeprefix("---\n").split("\n---\n", 1)
    head = yaml.safe_load(front)
    assert head["library_name"] == "xsim"
    assert "push_block" in head["tags"]
    assert "read_policy_folder" in text


def test_what_an_action_moves_is_told_where_the_task_is_known(tmp_path):
    store = ArtifactStore("memory://")
    student = make_student(store)
    made = export_artifact(store, student, "safetensors", tmp_path / "unknown")
    assert "what a full action moves is not told" in made.notes[0]
    known = _with_task(store, store.open(student), make_sim(store, action_position_m=0.013))
    made = export_artifact(store, known, "safetensors", tmp_path / "known")
    assert made.notes == ()
    action = json.loads((tmp_path / "known/config.json").read_text())["output_features"]["action"]
    assert action["names"] == ["dx", "dy", "dz"]
    assert (action["position_m"], action["frequency_hz"]) == (0.013, 10)


def _with_task(store, policy, sim):
    out = store.begin("student_policy", "cd" * 12)
    out.write_all({n: policy.array(n) for n in policy.array_names})
    given = {"stage": "t", "stage_version": 1, "config": {}, "provenance": {}}
    return store.commit(out, policy.summary, inputs={"sim": sim}, **given)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "config.json").unlink(), "No such file"),
        (lambda f: (f / "config.json").write_text('{"type": "act"}'), "another program's policy"),
        (lambda f: (f / "config.json").write_text("[]"), "cannot be read as an exported policy"),
        (lambda f: (f / "config.json").write_text('{"type": "xsim_diffusion"}'), "architecture"),
        (lambda f: _cut(f / "model.safetensors"), "cannot be read as an exported policy"),
        (lambda f: _narrow(f / "config.json"), "do not fit their architecture"),
    ],
    ids=["gone", "another's", "no object", "no architecture", "cut", "another network"],
)
def test_other_folders_are_refused(folder, spoil, said):
    spoil(folder)
    with pytest.raises(BadInputError, match=said):
        read_policy_folder(folder)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _narrow(path):
    config = json.loads(path.read_text())
    config["architecture"]["denoiser_width"] = 64
    path.write_text(json.dumps(config))
