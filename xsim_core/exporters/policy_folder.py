"""An image policy as a folder that a model hub shows: configuration, weights, model card.

The weights are plain tensors (https://github.com/huggingface/safetensors); ``config.json`` has
LeRobot's words for inputs and outputs, the network is X-Sim's own.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from xsim_core.artifacts import StudentPolicy
from xsim_core.config import refusal
from xsim_core.errors import BadInputError
from xsim_core.policies import Student, StudentArchitecture
from xsim_core.storage import OpenArtifact

from .robot_words import RobotWords, robot_words
from .source import Source

TYPE = "xsim_diffusion"
WEIGHTS, NORMALIZER = "weights.", "normalizer."


def write(source: Source[StudentPolicy], folder: Path) -> list[str]:
    """``config.json``, ``model.safetensors``, ``README.md``: what ``read_policy_folder`` takes."""
    from safetensors.numpy import save_file

    policy = source.artifact
    # safetensors' NumPy side takes the bytes of a transposed array for those of a plain one.
    tensors = {
        prefix + name: np.ascontiguousarray(array)
        for prefix, of in ((WEIGHTS, "weights"), (NORMALIZER, "normalizer"))
        for name, array in policy.arrays(of).items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    words = robot_words(source)
    config = _config(policy, words)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "README.md").write_text(_card(policy, config))
    if not words.is_known:
        return ["The task's world is not in this store: what a full action moves is not told."]
    return []


def read_policy_folder(folder: Path) -> Student:
    """The policy of a folder that was exported as ``safetensors``.

    Raises:
        BadInputError: when files are missing or damaged, or hold another kind of policy.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_bytes())
        tensors = load_file(folder / "model.safetensors")
        if config.get("type") != TYPE:
            raise BadInputError(
                f"{folder / 'config.json'} is of type {config.get('type')!r}, not {TYPE!r}: "
                "another program's policy."
            )
        architecture = StudentArchitecture.model_validate(config["architecture"])
    except ValidationError as error:
        raise BadInputError(f"{folder / 'config.json'}: {refusal(error, 'network')}") from error
    except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise BadInputError(
            f"{folder} cannot be read as an exported policy: {error}. It takes the config.json and "
            "model.safetensors that 'xsim export' writes."
        ) from error
    weights, ranges = (
        {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        for prefix in (WEIGHTS, NORMALIZER)
    )
    return Student.from_arrays(architecture, weights, ranges)


def _config(policy: OpenArtifact[StudentPolicy], words: RobotWords) -> dict[str, Any]:
    summary = policy.summary
    a = StudentArchitecture.model_validate(summary.architecture)
    return {
        "type": TYPE,
        "artifact": str(policy.ref),
        "demonstrations": "brought" if words.is_brought else "simulated",
        "task": summary.task,
        "is_calibrated": summary.is_calibrated,
        "input_features": {
            "observation.images.front": {"type": "VISUAL", "shape": [3, *a.image_hw]},
            "observation.state": {"type": "STATE", "shape": [a.state_dim], "names": words.state},
        },
        "output_features": {"action": {"type": "ACTION", "shape": [a.action_dim]} | words.action},
        "normalization_mapping": {"VISUAL": "IDENTITY", "STATE": "MIN_MAX", "ACTION": "MIN_MAX"},
        "n_obs_steps": a.n_obs_steps,
        "horizon": a.horizon,
        "n_action_steps": a.n_action_steps,
        "architecture": a.model_dump(mode="json"),
    }


def _origin(policy: OpenArtifact[StudentPolicy], config: dict[str, Any]) -> str:
    if config["demonstrations"] == "brought":
        return (
            "An image-conditioned diffusion policy that X-Sim trained on demonstrations of "
            f"'{policy.summary.task}' that were brought from elsewhere"
        )
    calibrated = " and calibrated with rollouts of the world it is for"
    return (
        "An image-conditioned diffusion policy that X-Sim trained in simulation from one human "
        f"video{calibrated if policy.summary.is_calibrated else ''}"
    )


def _state_words(config: dict[str, Any]) -> str:
    state = config["input_features"]["observation.state"]
    if config["demonstrations"] == "brought" or state["names"] is None:
        names = ", ".join(state["names"] or ["names not told"])
        return f"{state['shape'][0]} numbers ({names}; in the units of their dataset)"
    return (
        "six numbers (TCP x, y, z in metres in the\nrobot-base frame, sine and cosine of its yaw, "
        "the gripper's opening)"
    )


def _action_words(action: dict[str, Any]) -> str:
    names = ", ".join(action.get("names") or ["layout not told"])
    if "range" in action:
        return (
            f"Actions are in [-1, 1]: {names}. A full action moves\n"
            "what `config.json` says below `output_features`."
        )
    return f"Actions are {names}, in the units of their dataset."


def _card(policy: OpenArtifact[StudentPolicy], config: dict[str, Any]) -> str:
    action = config["output_features"]["action"]
    figures = {"gradient steps": policy.summary.num_train_steps, **policy.summary.figures}
    rows = "\n".join(f"| {name} | {value:.6g} |" for name, value in figures.items())
    height, width = config["architecture"]["image_hw"]
    return f"""---
library_name: xsim
pipeline_tag: robotics
tags: [robotics, diffusion-policy, sim-to-real, {policy.summary.task}]
---

# {policy.summary.task}

{_origin(policy, config)} (`{policy.ref}`).

It takes an RGB image of {height} x {width} and {_state_words(config)}, and answers
{config["horizon"]} actions, of which the first {config["n_action_steps"]} are to be executed.
{_action_words(action)} It was trained for one camera pose, one object and
one robot; no safety limit is part of it.

```python
from pathlib import Path
from xsim_core.exporters import read_policy_folder

student = read_policy_folder(Path("."))
```

| figure of its training | |
|---|---|
{rows}

No licence is stated for the weights: whoever publishes them adds one.
"""
