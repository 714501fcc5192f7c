"""A dataset as RLDS in TensorFlow Datasets' files, as OpenVLA and Open X-Embodiment read them.

Formats: RLDS (Ramos et al. 2021); the files as tensorflow-datasets 4.9.10 writes them, which
``tfds.builder_from_directory`` reads.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset
from xsim_core.exporters.source import Source

from .episodes import Recorded, is_last
from .lerobot import png
from .tf_records import example, record

VERSION = "1.0.0"
SHARD_MB = 100
_PYTHON = "tensorflow_datasets.core.features."


def write(source: Source[EpisodeDataset], folder: Path) -> list[str]:
    """``NAME/1.0.0`` with shards of whole episodes, ``features.json`` and ``dataset_info.json``."""
    recorded = Recorded.read(source)
    name = re.sub(r"[^a-z0-9]+", "_", f"xsim_{recorded.summary.task}".lower()).strip("_")
    place = folder / name / VERSION
    place.mkdir(parents=True)
    opened = source.artifact
    has_camera = {"K", "T_world_cam"} <= set(opened.array_names)
    cameras = opened.array("T_world_cam") if has_camera else None
    lengths, num_bytes = _write_shards(_examples(recorded, cameras, str(opened.ref)), place, name)
    split = {
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        "name": "train",
        "numBytes": str(num_bytes),
        "shardLengths": [str(n) for n in lengths],
    }
    info = {"fileFormat": "tfrecord", "name": name, "splits": [split], "version": VERSION}
    _json(place / "dataset_info.json", info)
    _json(place / "features.json", _features(recorded, has_camera=has_camera))
    told = {
        "artifact": str(opened.ref),
        "robot": recorded.summary.robot,
        "fps": recorded.summary.fps,
        "state": recorded.state_names,
        "action": recorded.action,
        "camera_K": opened.array("K").tolist() if has_camera else None,
    }
    _json(folder / "about.json", told)
    return [
        *recorded.notes,
        "Reward is 1 in an episode's last step, which is terminal; the discount is 1 throughout.",
        "Loaders of Open X-Embodiment want a transform: about.json says what the numbers are.",
    ]


def _examples(recorded: Recorded, cameras: NDArray[np.float32] | None, ref: str) -> Iterator[bytes]:
    """An episode each."""
    e, instruction = recorded.episodes, recorded.instruction.encode()
    for index, rows in enumerate(recorded.rows()):
        last = is_last(rows)
        n = len(last)
        features: dict[str, Any] = {
            "steps/observation/image": [png(image) for image in e.rgb[rows]],
            "steps/observation/state": e.state[rows],
            "steps/action": e.action[rows],
            "steps/reward": last.astype(np.float32),
            "steps/discount": np.ones(n, np.float32),
            "steps/is_first": np.arange(n) == 0,
            "steps/is_last": last,
            "steps/is_terminal": last,
            "steps/language_instruction": [instruction] * n,
            "episode_metadata/file_path": [f"{ref}#{index}".encode()],
        }
        if cameras is not None:
            features["episode_metadata/T_world_cam"] = cameras[index]
        yield example(features)


def _write_shards(examples: Iterator[bytes], place: Path, name: str) -> tuple[list[int], int]:
    """How many episodes each shard has, and the bytes of all; names tell their number."""
    lengths, sizes = list[int](), list[int]()
    for data in examples:
        if not sizes or sizes[-1] + len(data) > SHARD_MB << 20:
            lengths.append(0)
            sizes.append(0)
        with (place / f"{len(sizes) - 1}.part").open("ab") as file:
            file.write(record(data))
        lengths[-1] += 1
        sizes[-1] += len(data)
    for i in range(len(sizes)):
        made = place / f"{name}-train.tfrecord-{i:05d}-of-{len(sizes):05d}"
        (place / f"{i}.part").rename(made)
    return lengths, sum(sizes)


def _features(recorded: Recorded, *, has_camera: bool) -> dict[str, Any]:
    e = recorded.episodes
    image = {
        "dtype": "uint8",
        "encodingFormat": "png",
        "shape": _dimensions(e.rgb.shape[1:]),
    }
    observation = {
        "image": {"pythonClassName": f"{_PYTHON}image_feature.Image", "image": image},
        "state": _tensor(e.state.shape[1:]),
    }
    flags = ("is_first", "is_last", "is_terminal")
    steps = {
        "observation": _dict(observation),
        "action": _tensor(e.action.shape[1:]),
        "reward": _tensor(()),
        "discount": _tensor(()),
        **{flag: _tensor((), "bool") for flag in flags},
        "language_instruction": _text(),
    }
    episode: dict[str, Any] = {"file_path": _text()}
    if has_camera:
        episode["T_world_cam"] = _tensor((4, 4))
    sequence = {"feature": _dict(steps), "length": "-1"}
    dataset = {"pythonClassName": f"{_PYTHON}dataset_feature.Dataset", "sequence": sequence}
    return _dict({"steps": dataset, "episode_metadata": _dict(episode)})


def _dict(features: dict[str, Any]) -> dict[str, Any]:
    python = f"{_PYTHON}features_dict.FeaturesDict"
    return {"pythonClassName": python, "featuresDict": {"features": features}}


def _text() -> dict[str, Any]:
    return {"pythonClassName": f"{_PYTHON}text_feature.Text", "text": {}}


def _tensor(shape: tuple[int, ...], dtype: str = "float32") -> dict[str, Any]:
    python = "tensor_feature.Tensor" if shape else "scalar.Scalar"
    tensor = {"dtype": dtype, "encoding": "none", "shape": _dimensions(shape)}
    return {"pythonClassName": f"{_PYTHON}{python}", "tensor": tensor}


def _dimensions(shape: tuple[int, ...]) -> dict[str, Any]:
    return {"dimensions": [str(n) for n in shape]} if shape else {}


def _json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
