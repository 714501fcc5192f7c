"""Resumable training state as one ``.npz`` without pickle."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xsim_core.policies.teacher import ActorCritic, RunningNormaliser
from xsim_core.scratch import read_arrays, write_arrays


def save_checkpoint(
    path: Path,
    net: ActorCritic,
    optimiser: torch.optim.Optimizer,
    normaliser: RunningNormaliser,
    record: dict[str, Any],
    best: dict[str, Any],
) -> None:
    """Write network, Adam moments, normaliser, best arrays and a JSON record."""
    arrays: dict[str, Any] = {f"net/{k}": v.cpu().numpy() for k, v in net.state_dict().items()}
    for i, slots in optimiser.state_dict()["state"].items():
        arrays |= {f"adam/{i}/{name}": np.asarray(value.cpu()) for name, value in slots.items()}
    arrays |= {f"best/{k}": v for k, v in best.items()}
    arrays |= {"mean": normaliser.mean, "var": normaliser.var}
    text = json.dumps(record | {"count": normaliser.count})
    arrays["record"] = np.frombuffer(text.encode(), dtype=np.uint8)
    write_arrays(path, arrays)


def load_checkpoint(
    path: Path, net: ActorCritic, optimiser: torch.optim.Optimizer, normaliser: RunningNormaliser
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Restore in place; returns the record and the best arrays, or None without a checkpoint."""
    if (arrays := read_arrays(path)) is None:
        return None
    record = json.loads(arrays["record"].tobytes().decode())
    net.load_state_dict({k[4:]: torch.from_numpy(v) for k, v in arrays.items() if k[:4] == "net/"})
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in arrays.items():
        if key.startswith("adam/"):
            _, i, name = key.split("/")
            state.setdefault(int(i), {})[name] = torch.from_numpy(np.array(value))
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    normaliser.mean, normaliser.var = arrays["mean"], arrays["var"]
    normaliser.count = float(record["count"])
    return record, {k[5:]: v for k, v in arrays.items() if k.startswith("best/")}
