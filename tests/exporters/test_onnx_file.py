"""A policy as one ONNX file answers what torch does."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from tests.evaluate.fixtures import TINY, make_student
from xsim_core.errors import MissingDependencyError
from xsim_core.exporters import export_artifact
from xsim_core.exporters.onnx_file import TOLERANCE, ChunkModule, difference, example, trace
from xsim_core.policies import (
    MinMaxNormalizer,
    Student,
    TransformerArchitecture,
    UnetArchitecture,
)
from xsim_core.policies.fitting import new_net
from xsim_core.storage import ArtifactStore

HAS_ONNX = find_spec("onnx") is not None and find_spec("onnxruntime") is not None
needs_onnx = pytest.mark.skipif(not HAS_ONNX, reason="needs onnx and onnxruntime (extra onnx)")

OTHERS = {
    "n_obs_steps": 2, "head": "spatial_softmax", "prediction": "epsilon", "state_dim": 14,
    "action_dim": 7, "image_hw": (48, 64), "num_inference_steps": 7,
}  # fmt: skip

UNET = {
    "unet": UnetArchitecture(down_dims=(16, 32)),
    "prediction": "epsilon",
    "num_inference_steps": 3,
}
TRANSFORMER = {
    "transformer": TransformerArchitecture(width=16, depth=2), "objective": "flow",
    "num_inference_steps": 2,
}  # fmt: skip


def student_of(**fields):
    net = new_net(TINY.model_copy(update=fields), seed=3)
    a, rng = net.architecture, np.random.default_rng(1)
    ranges = [MinMaxNormalizer.fit(rng.normal(0, 30, (9, d))) for d in (a.state_dim, a.action_dim)]
    return Student(net, *ranges)


@pytest.mark.parametrize("fields", [{}, OTHERS], ids=["ours", "others"])
def test_the_module_is_the_student(fields):
    student = student_of(**fields)
    given = example(student, 3, np.random.default_rng(0))
    with torch.inference_mode():
        found = ChunkModule(student).eval()(*map(torch.from_numpy, given))
    wanted = student.sample_actions(*given)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * student.action.half_range.max())


@pytest.mark.skipif(HAS_ONNX, reason="is about where it is not")
def test_what_is_missing_is_named(tmp_path):
    store = ArtifactStore("memory://")
    with pytest.raises(MissingDependencyError, match=r"needs onnx.*xsim\[onnx\]"):
        export_artifact(store, make_student(store), "onnx", tmp_path / "out")


@needs_onnx
@pytest.mark.slow
def test_onnx_runtime_answers_what_torch_does(tmp_path):
    store = ArtifactStore("memory://")
    made = export_artifact(store, make_student(store), "onnx", tmp_path / "out")
    assert made.files == ("policy.json", "policy.onnx", "xsim-export.json")
    assert "Compared with torch on random input" in made.notes[-1]
    student = Student.read(store.open(make_student(store)))
    rng = np.random.default_rng(5)
    for rows in (1, 2, 5):
        assert difference(student, made.folder / "policy.onnx", rows=rows, rng=rng) < TOLERANCE
    told = json.loads((made.folder / "policy.json").read_text())
    assert told["inputs"]["rgb"]["shape"] == ["batch", 1, 72, 96, 3]
    import onnxruntime

    session = onnxruntime.InferenceSession(str(made.folder / "policy.onnx"))
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["outputs"]) == told["outputs"]
    given = dict(zip(("rgb", "state", "noise"), example(student, 1, rng), strict=True))
    first, again = (session.run(None, given)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("fields", [OTHERS, UNET, TRANSFORMER], ids=["small", "unet", "flow"])
def test_other_shapes_samplers_heads_and_networks(tmp_path, fields):
    student = student_of(**fields)
    trace(student, tmp_path / "p.onnx", {"task": "x"})
    rng = np.random.default_rng(5)
    assert difference(student, tmp_path / "p.onnx", rows=4, rng=rng) < TOLERANCE
