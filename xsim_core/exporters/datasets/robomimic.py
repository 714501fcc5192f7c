"""A dataset as robomimic's HDF5 (Mandlekar et al. 2021).

Format: https://robomimic.github.io/docs/datasets/overview.html
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.artifacts import EpisodeDataset
from xsim_core.exporters.source import Source

from .episodes import Recorded, is_last

GYM_TYPE = 2
"""``robomimic.envs.env_base.EnvType``."""
HELD_OUT_EVERY = 10


def write(source: Source[EpisodeDataset], folder: Path) -> list[str]:
    """``demos.hdf5``: ``data/demo_I`` with actions, states, rewards, dones, obs and next_obs."""
    import h5py

    recorded = Recorded.read(source)
    has_states = "env_states" in source.artifact.array_names
    states = source.artifact.array("env_states") if has_states else None
    names = [f"demo_{i}" for i in range(len(recorded.episodes.episode_ends))]
    with h5py.File(folder / "demos.hdf5", "w") as file:
        data = file.create_group("data")
        for name, rows in zip(names, recorded.rows(), strict=True):
            _write_demo(data.create_group(name), recorded, rows)
            if states is not None:
                data[f"{name}/states"] = states[rows]
        data.attrs["total"] = len(recorded.episodes.action)
        data.attrs["env_args"] = json.dumps(_env_args(source, recorded))
        held_out = names[::HELD_OUT_EVERY] if len(names) > 1 else []
        train = [n for n in names if n not in set(held_out)]
        file["mask/train"] = np.array(train, "S")
        file["mask/valid"] = np.array(held_out, "S")
    return [
        *recorded.notes,
        "Rewards and dones are 1 in an episode's last step: each was kept for its success.",
        f"Every {HELD_OUT_EVERY}th episode is in mask/valid.",
    ]


def _write_demo(demo: Any, recorded: Recorded, rows: slice) -> None:
    e, last = recorded.episodes, is_last(rows)
    demo.attrs["num_samples"] = len(last)
    demo["actions"] = e.action[rows]
    demo["rewards"], demo["dones"] = last.astype(np.float64), last.astype(np.int64)
    observed = {"front_image": e.rgb[rows], "proprio": e.state[rows]}
    for name, values in observed.items():
        demo[f"obs/{name}"] = values
        demo[f"next_obs/{name}"] = np.concatenate([values[1:], values[-1:]])


def _env_args(source: Source[EpisodeDataset], recorded: Recorded) -> dict[str, Any]:
    dataset = source.artifact
    told = {
        "task": dataset.summary.task,
        "lang": recorded.instruction,
        "robot": recorded.summary.robot,
        "proprio": recorded.state_names,
        "action": recorded.action,
        "camera_K": dataset.array("K").tolist() if "K" in dataset.array_names else None,
        "fps": dataset.summary.fps,
    }
    return {
        "env_name": "XSimObjectTrack-v1",
        "type": GYM_TYPE,
        "env_type": GYM_TYPE,
        "env_kwargs": told,
    }
