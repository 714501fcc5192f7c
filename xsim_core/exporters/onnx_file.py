"""An image policy as one ONNX file: normalisers, encoder, denoiser and the sampler's loop unrolled.

Written by torch's tracing exporter (``dynamo=False``): the newer one took five times as long and
fixed the batch's size. Opset 17.
"""

import importlib
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsim_core.artifacts import StudentPolicy
from xsim_core.errors import XSimError
from xsim_core.policies import Student

from .robot_words import robot_words
from .source import Source

OPSET = 17
INPUTS, OUTPUT = ("rgb", "state", "noise"), "actions"
TOLERANCE = 1e-4
"""Largest difference to torch's chunk, in halves of each action's range; float32 sums in another
order, ten times over, differ by some 1e-5."""
NUM_CHECKED = 8


class ChunkModule(nn.Module):
    """``Student.sample_actions`` as one module, with any number of rows."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.net, self.objective = student.net, student.objective()
        ranges = student.state.arrays("state") | student.action.arrays("action")
        for name, values in ranges.items():
            self.register_buffer(name, torch.from_numpy(values))

    def forward(self, rgb: Tensor, state: Tensor, noise: Tensor) -> Tensor:
        """The chunk (b, T, a) in the environment's units.

        Args:
            rgb: (b, To, h, w, 3) uint8.
            state: (b, To, s), physical units.
            noise: (b, T, a), standard normal.
        """
        image = rgb.permute(0, 1, 4, 2, 3).float() / 255.0 - 0.5
        named: dict[str, Any] = dict(self.named_buffers())
        normal = (state - named["state_centre"]) / named["state_half_range"]
        condition = self.net.condition(image, normal)
        # A trace would keep the number of rows that it saw, were it not asked of the tensor.
        chunk = self.objective.sample(
            lambda x, step: self.net.denoise(x, step[:1].expand(x.shape[0]), condition), noise
        )
        return chunk.clamp(-1, 1) * named["action_half_range"] + named["action_centre"]


def write(source: Source[StudentPolicy], folder: Path) -> list[str]:
    """``policy.onnx``, and ``policy.json`` with what the file's own metadata says.

    Raises:
        XSimError: when ONNX Runtime is installed and answers otherwise than torch.
    """
    student = Student.read(source.artifact)
    words = robot_words(source)
    told = _told(source, student, words.state, words.action)
    path = folder / "policy.onnx"
    trace(student, path, told)
    (folder / "policy.json").write_text(json.dumps(told, indent=1) + "\n")
    notes = [] if words.is_known else ["What the action's numbers mean is not known here."]
    return [*notes, _checked(student, path)]


def example(
    student: Student, rows: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Random pictures, states within the fitted range, and noise for ``rows`` chunks."""
    a = student.architecture
    rgb = rng.integers(0, 256, (rows, a.n_obs_steps, *a.image_hw, 3), dtype=np.uint8)
    spread = rng.uniform(-1, 1, (rows, a.n_obs_steps, a.state_dim))
    state = student.state.denormalize(spread)
    return rgb, state, rng.standard_normal((rows, a.horizon, a.action_dim), np.float32)


def difference(student: Student, path: Path, *, rows: int, rng: np.random.Generator) -> float:
    """Largest difference of ONNX Runtime to torch, in halves of each action's range."""
    onnxruntime: Any = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = example(student, rows, rng)
    found = session.run([OUTPUT], dict(zip(INPUTS, given, strict=True)))[0]
    wanted = student.sample_actions(*given)
    return float(np.abs((found - wanted) / student.action.half_range).max())


def _checked(student: Student, path: Path) -> str:
    if importlib.util.find_spec("onnxruntime") is None:
        return "It was not compared with torch: onnxruntime is not installed here."
    rng = np.random.default_rng(0)
    off = max(difference(student, path, rows=1, rng=rng) for _ in range(NUM_CHECKED))
    off = max(off, difference(student, path, rows=3, rng=rng))
    if not off <= TOLERANCE:
        raise XSimError(
            f"ONNX Runtime's chunks differ from torch's by {off:.2g} of half a range, more than "
            f"{TOLERANCE:g}: the file is not kept. Another version of torch or onnx may do."
        )
    return f"Compared with torch on random input: at most {off:.1g} of half an action's range."


def trace(student: Student, path: Path, told: dict[str, Any]) -> None:
    """Write a student as ONNX, with ``told`` as its metadata."""
    onnx: Any = importlib.import_module("onnx")
    module = ChunkModule(student).eval()
    given = tuple(map(torch.from_numpy, example(student, 2, np.random.default_rng(0))))
    with warnings.catch_warnings():
        # That this exporter is the older one, and that constants of the trace are constants.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            given,
            str(path),
            dynamo=False,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "batch"} for name in (*INPUTS, OUTPUT)},
            opset_version=OPSET,
        )
    model = onnx.load(str(path))
    model.producer_name = "xsim"
    for name, value in told.items():
        text = value if isinstance(value, str) else json.dumps(value)
        model.metadata_props.add(key=name, value=text)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _told(
    source: Source[StudentPolicy],
    student: Student,
    state: list[str] | None,
    action: dict[str, Any],
) -> dict[str, Any]:
    a, summary = student.architecture, source.artifact.summary
    return {
        "artifact": str(source.artifact.ref),
        "task": summary.task,
        "is_calibrated": summary.is_calibrated,
        "inputs": {
            "rgb": {"shape": ["batch", a.n_obs_steps, *a.image_hw, 3], "what": "uint8 RGB"},
            "state": {"shape": ["batch", a.n_obs_steps, a.state_dim], "names": state},
            "noise": {
                "shape": ["batch", a.horizon, a.action_dim],
                "what": "standard normal; the only randomness",
            },
        },
        "outputs": {"actions": {"shape": ["batch", a.horizon, a.action_dim], **action}},
        "n_action_steps": a.n_action_steps,
    }
