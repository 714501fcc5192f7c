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

from xsim_core.artifacts import EpisodeDataset, RealRollouts
from xsim_core.errors import BadInputError
from xsim_core.exporters.source import Source

from .lerobot_statistics import Statistics
from .lerobot_table import Columns, of_dataset, of_rollouts

if TYPE_CHECKING:
    import pyarrow as pa

CODEBASE_VERSION = "v3.0"
FILE_MB, CHUNK_FILES = 100, 1000
FILE_PATH = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
ROW_GROUP = 100


COUNTERS = ("timestamp", "frame_index", "episode_index", "index", "task_index")


def write(source: Source[EpisodeDataset], folder: Path) -> list[str]:
    """Demonstrations: ``data/``, ``meta/`` with episodes, tasks, statistics and ``xsim.json``.

    Raises:
        BadInputError: when the frame rate is no whole number, which LeRobot cannot say.
    """
    fps = source.artifact.summary.fps
    if fps != round(fps):
        raise BadInputError(
            f"{source.artifact.ref} has {fps} frames a second; LeRobot takes whole numbers."
        )
    return _write(of_dataset(source), folder)


def write_rollouts(source: Source[RealRollouts], folder: Path) -> list[str]:
    """What a robot did, likewise."""
    return _write(of_rollouts(source), folder)


def _write(columns: Columns, folder: Path) -> list[str]:
    (folder / "meta/episodes/chunk-000").mkdir(parents=True)
    total = Statistics()
    episodes = list(_episodes(columns, folder / "data", total))
    _write_episodes(folder / "meta/episodes/chunk-000/file-000.parquet", episodes)
    _write_tasks(folder / "meta/tasks.parquet", columns.instruction)
    stats = {name: _plain(of) for name, of in total.all().items()}
    (folder / "meta/stats.json").write_text(json.dumps(stats, indent=1) + "\n")
    info = _info(columns)
    (folder / "meta/info.json").write_text(json.dumps(info, indent=1) + "\n")
    (folder / "meta/xsim.json").write_text(json.dumps(columns.told) + "\n")
    return columns.notes


def _episodes(columns: Columns, data: Path, total: Statistics) -> Iterator[dict[str, Any]]:
    """Write the rows, some episodes a file; answers what is to be known of each episode."""
    pending: list[pa.Table] = []
    size = file = 0
    for index, rows in enumerate(columns.rows()):
        table, num_bytes = _rows(columns, index, rows)
        if pending and size + num_bytes > FILE_MB << 20:
            _write_file(data, file, pending)
            pending, size, file = [], 0, file + 1
        pending.append(table)
        size += num_bytes
        yield {
            "episode_index": index,
            "tasks": [columns.instruction],
            "length": rows.stop - rows.start,
            **_place("data", file),
            "dataset_from_index": rows.start,
            "dataset_to_index": rows.stop,
            **_place("meta/episodes", 0),
            **_stats_of(table, columns, rows, total),
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


def _rows(columns: Columns, index: int, rows: slice) -> "tuple[pa.Table, int]":
    """One episode as a table, and about how many bytes it takes."""
    import pyarrow as pa

    n = rows.stop - rows.start
    frame = np.arange(n, dtype=np.int64)
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    made = {
        **{name: pa.array(_encoded(of[rows]), image_type) for name, of in columns.images.items()},
        **{name: _vectors(of[rows]) for name, of in columns.numbers.items()},
        **{name: _grids(of[rows]) for name, of in columns.grids.items()},
        # From the episode's beginning: it comes back in float32.
        "timestamp": pa.array((frame / columns.fps).astype(np.float32)),
        "frame_index": pa.array(frame),
        "episode_index": pa.array(np.full(n, index, np.int64)),
        "index": pa.array(frame + rows.start),
        "task_index": pa.array(np.zeros(n, np.int64)),
    }
    table = pa.table(made)
    return table, table.nbytes


def _encoded(images: NDArray[np.uint8]) -> list[dict[str, Any]]:
    return [{"bytes": png(image), "path": None} for image in images]


def _grids(values: NDArray[Any]) -> "pa.Array[Any]":
    """Lists of lists, as Hugging Face's ``Array2D`` lies in Parquet."""
    import pyarrow as pa

    n, h, w = values.shape
    flat = pa.array(np.ascontiguousarray(values).ravel())
    lines = pa.ListArray.from_arrays(np.arange(n * h + 1, dtype=np.int32) * w, flat)
    return pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * h, lines)


def _vectors(values: NDArray[Any]) -> "pa.Array[Any]":
    """Fixed-size lists; of one number, the number alone, as LeRobot has it."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values).ravel())
    width = values.shape[1] if values.ndim > 1 else 1
    return flat if width == 1 else pa.FixedSizeListArray.from_arrays(flat, width)


def png(image: NDArray[np.uint8]) -> bytes:
    """An image as PNG, at the level that LeRobot and others write fast."""
    from PIL import Image

    made = io.BytesIO()
    Image.fromarray(image).save(made, "PNG", compress_level=3)
    return made.getvalue()


def _stats_of(
    table: "pa.Table", columns: Columns, rows: slice, total: Statistics
) -> dict[str, Any]:
    """An episode's statistics under the names of the table of episodes; they go into the total."""
    own, n = Statistics(), rows.stop - rows.start
    for stats in (own, total):
        for name, images in columns.images.items():
            stats.add_images(name, images[rows])
        for name, values in columns.numbers.items():
            stats.add(name, values[rows].reshape(n, -1))
        for name in COUNTERS:
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


def _info(columns: Columns) -> dict[str, Any]:
    num_episodes = len(columns.episode_ends)
    picture = {"dtype": "image", "names": ["height", "width", "channels"]}
    return {
        "codebase_version": CODEBASE_VERSION,
        "robot_type": columns.robot,
        "total_episodes": num_episodes,
        "total_frames": int(columns.episode_ends[-1]),
        "total_tasks": 1,
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": 200,
        "fps": int(columns.fps),
        "splits": {"train": f"0:{num_episodes}"},
        "data_path": f"data/{FILE_PATH}",
        "video_path": None,
        "features": {
            **{n: picture | {"shape": list(of.shape[1:])} for n, of in columns.images.items()},
            **{n: _feature(of, columns.names.get(n)) for n, of in columns.numbers.items()},
            **{n: _feature(of, None) for n, of in columns.grids.items()},
            "timestamp": {"dtype": "float32", "shape": [1], "names": None},
            **{
                name: {"dtype": "int64", "shape": [1], "names": None}
                for name in ("frame_index", "episode_index", "index", "task_index")
            },
        },
    }


def _feature(values: NDArray[Any], names: list[str] | None) -> dict[str, Any]:
    """A vector with a name for each number; one number, or a grid of them, without."""
    dtype = str(values.dtype)
    if values.ndim != 2:
        return {"dtype": dtype, "shape": list(values.shape[1:]) or [1], "names": None}
    width = values.shape[1]
    fitting = names if names and len(names) == width else [f"{i}" for i in range(width)]
    return {"dtype": dtype, "shape": [width], "names": fitting}
