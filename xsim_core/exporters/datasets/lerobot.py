"""A dataset as LeRobot's v3.0: Parquet with PNG images, so that every pixel comes back.

Format: https://huggingface.co/docs/lerobot/lerobot-dataset-v3 and LeRobot 0.4.4. Statistics are our
own, in float64 over every pixel: those of 0.4.4 square pixels in uint8.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset
from xsim_core.errors import BadInputError
from xsim_core.exporters.source import Source

from .episodes import Recorded
from .lerobot_statistics import Statistics

if TYPE_CHECKING:
    import pyarrow as pa

CODEBASE_VERSION = "v3.0"
IMAGE, STATE, ACTION = "observation.images.front", "observation.state", "action"
FILE_MB, CHUNK_FILES = 100, 1000
FILE_PATH = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
ROW_GROUP = 100


def write(source: Source[EpisodeDataset], folder: Path) -> list[str]:
    """``data/``, ``meta/`` with episodes, tasks and statistics, and ``meta/xsim.json``.

    Raises:
        BadInputError: when the frame rate is no whole number, which LeRobot cannot say.
    """
    dataset, recorded = source.artifact, Recorded.read(source)
    fps = dataset.summary.fps
    if fps != round(fps):
        raise BadInputError(
            f"{dataset.ref} has {fps} frames a second; LeRobot takes whole numbers."
        )
    (folder / "meta/episodes/chunk-000").mkdir(parents=True)
    total = Statistics()
    episodes = list(_episodes(recorded, folder / "data", fps, total))
    _write_episodes(folder / "meta/episodes/chunk-000/file-000.parquet", episodes)
    _write_tasks(folder / "meta/tasks.parquet", recorded.instruction)
    stats = {name: _plain(of) for name, of in total.all().items()}
    (folder / "meta/stats.json").write_text(json.dumps(stats, indent=1) + "\n")
    info = _info(recorded, int(fps))
    (folder / "meta/info.json").write_text(json.dumps(info, indent=1) + "\n")
    told = {
        "action": recorded.action,
        "artifact": str(dataset.ref),
    }
    if {"K", "T_world_cam"} <= set(dataset.array_names):
        told["camera"] = {n: dataset.array(n).tolist() for n in ("K", "T_world_cam")}
    (folder / "meta/xsim.json").write_text(json.dumps(told) + "\n")
    return recorded.notes


def _episodes(
    recorded: Recorded, data: Path, fps: float, total: Statistics
) -> Iterator[dict[str, Any]]:
    """Write the rows, some episodes a file; answers what is to be known of each episode."""
    pending: list[pa.Table] = []
    size = file = 0
    for index, rows in enumerate(recorded.rows()):
        table, num_bytes = _rows(recorded, index, rows, fps)
        if pending and size + num_bytes > FILE_MB << 20:
            _write_file(data, file, pending)
            pending, size, file = [], 0, file + 1
        pending.append(table)
        size += num_bytes
        yield {
            "episode_index": index,
            "tasks": [recorded.instruction],
            "length": rows.stop - rows.start,
            **_place("data", file),
            "dataset_from_index": rows.start,
            "dataset_to_index": rows.stop,
            **_place("meta/episodes", 0),
            **_stats_of(table, recorded, rows, total),
        }
    _write_file(data, file, pending)


def _place(of: str, file: int) -> dict[str, int]:
    chunk, index = divmod(file, CHUNK_FILES)
    return {f"{of}/chunk_index": chunk, f"{of}/file_index": index}


def _write_file(data: Path, file: int, tables: "list[pa.Table]") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    chunk, index = divmod(file, CHUNK_FILES)
    path = data / FILE_PATH.format(chunk_index=chunk, file_index=index)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), path, row_group_size=ROW_GROUP)


def _rows(recorded: Recorded, index: int, rows: slice, fps: float) -> "tuple[pa.Table, int]":
    """One episode as a table, and about how many bytes it takes."""
    import pyarrow as pa

    e, n = recorded.episodes, rows.stop - rows.start
    images = [{"bytes": png(image), "path": None} for image in e.rgb[rows]]
    frame = np.arange(n, dtype=np.int64)
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        IMAGE: pa.array(images, image_type),
        STATE: _vectors(e.state[rows]),
        ACTION: _vectors(e.action[rows]),
        # From the episode's beginning: it comes back in float32.
        "timestamp": pa.array((frame / fps).astype(np.float32)),
        "frame_index": pa.array(frame),
        "episode_index": pa.array(np.full(n, index, np.int64)),
        "index": pa.array(frame + rows.start),
        "task_index": pa.array(np.zeros(n, np.int64)),
    }
    table = pa.table(columns)
    return table, table.nbytes


def _vectors(values: NDArray[np.float32]) -> "pa.Array[Any]":
    """Fixed-size lists; of one number, the number alone, as LeRobot has it."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values).ravel())
    width = values.shape[1]
    return flat if width == 1 else pa.FixedSizeListArray.from_arrays(flat, width)


def png(image: NDArray[np.uint8]) -> bytes:
    """An image as PNG, at the level that LeRobot and others write fast."""
    from PIL import Image

    made = io.BytesIO()
    Image.fromarray(image).save(made, "PNG", compress_level=3)
    return made.getvalue()


def _stats_of(
    table: "pa.Table", recorded: Recorded, rows: slice, total: Statistics
) -> dict[str, Any]:
    """An episode's statistics under the names of the table of episodes; they go into the total."""
    e, own = recorded.episodes, Statistics()
    numbers = ("timestamp", "frame_index", "episode_index", "index", "task_index")
    for stats in (own, total):
        stats.add_images(IMAGE, e.rgb[rows])
        stats.add(STATE, e.state[rows])
        stats.add(ACTION, e.action[rows])
        for name in numbers:
            stats.add(name, table[name].to_numpy()[:, None])
    return {
        f"stats/{name}/{what}": values
        for name, of in own.all().items()
        for what, values in _plain(of).items()
    }


def _plain(of: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {what: values.tolist() for what, values in of.items()}


def _write_episodes(path: Path, episodes: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(episodes), path)


def _write_tasks(path: Path, instruction: str) -> None:
    """LeRobot reads tasks with pandas, the instructions being the index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    index = "__index_level_0__"
    text = {"pandas_type": "unicode", "numpy_type": "object", "metadata": None}
    number = {"pandas_type": "int64", "numpy_type": "int64", "metadata": None}
    told = {
        "index_columns": [index],
        "column_indexes": [
            {"name": None, "field_name": None, **text, "metadata": {"encoding": "UTF-8"}}
        ],
        "columns": [
            {"name": "task_index", "field_name": "task_index", **number},
            {"name": None, "field_name": index, **text},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.3",
    }
    table = pa.table({"task_index": pa.array([0], pa.int64()), index: pa.array([instruction])})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(told)}), path)


def _info(recorded: Recorded, fps: int) -> dict[str, Any]:
    e = recorded.episodes
    num_episodes = len(e.episode_ends)
    action = recorded.action.get("names")
    return {
        "codebase_version": CODEBASE_VERSION,
        "robot_type": recorded.summary.robot,
        "total_episodes": num_episodes,
        "total_frames": len(e.action),
        "total_tasks": 1,
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": 200,
        "fps": fps,
        "splits": {"train": f"0:{num_episodes}"},
        "data_path": f"data/{FILE_PATH}",
        "video_path": None,
        "features": {
            IMAGE: {
                "dtype": "image",
                "shape": list(e.rgb.shape[1:]),
                "names": ["height", "width", "channels"],
            },
            STATE: _vector_feature(e.state, recorded.state_names),
            ACTION: _vector_feature(e.action, action),
            "timestamp": {"dtype": "float32", "shape": [1], "names": None},
            **{
                name: {"dtype": "int64", "shape": [1], "names": None}
                for name in ("frame_index", "episode_index", "index", "task_index")
            },
        },
    }


def _vector_feature(values: NDArray[np.float32], names: list[str] | None) -> dict[str, Any]:
    width = values.shape[1]
    fitting = names if names and len(names) == width else [f"{i}" for i in range(width)]
    return {"dtype": "float32", "shape": [width], "names": fitting}
