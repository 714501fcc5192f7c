"""What the metadata of a LeRobot dataset says: features, episodes, instructions, where films lie.

Formats: https://huggingface.co/docs/lerobot/lerobot-dataset-v3, and LeRobot 0.3.3's v2.1.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line

VERSIONS = ("v3.0", "v2.1")
MAX_META_BYTES = 256 << 20
DEFAULT_FILMS = {
    "v3.0": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    "v2.1": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
}


@dataclass(frozen=True)
class Feature:
    """A column: its type as ``info.json`` has it, and what its numbers are called."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    numbers: tuple[str, ...]
    """Of vectors, a name each; counted where the dataset has none."""
    is_named: bool

    @property
    def is_picture(self) -> bool:
        """Whether it is a camera's."""
        return self.dtype in ("image", "video")


@dataclass(frozen=True)
class Layout:
    """A dataset's metadata."""

    folder: Path
    version: str
    fps: float
    robot: str
    features: dict[str, Feature]
    lengths: dict[int, int]
    """Rows of each episode."""
    instructions: dict[int, str]
    """By ``task_index``."""
    film_path: str
    chunk_size: int
    _films: dict[int, dict[str, Any]]

    def film(self, camera: str, episode: int) -> tuple[Path, float]:
        """The film of an episode, and when in it the episode begins, seconds.

        Raises:
            BadInputError: when the metadata does not say where, or says another folder.
        """
        said = self._films.get(episode, {})
        numbers: dict[str, Any] = {
            "video_key": camera,
            "episode_index": episode,
            "episode_chunk": episode // self.chunk_size,
        }
        began_s = 0.0
        if self.version == "v3.0":
            try:
                numbers |= {
                    f"{what}_index": int(said[f"videos/{camera}/{what}_index"])
                    for what in ("chunk", "file")
                }
                began_s = float(said[f"videos/{camera}/from_timestamp"])
            except (KeyError, TypeError, ValueError) as error:
                raise BadInputError(
                    f"{self.folder}/meta/episodes does not say where the film of episode {episode} "
                    f"and camera '{camera}' lies ({error}). Pick another camera."
                ) from error
        return self.folder / _filled(self.film_path, numbers), began_s


def read_layout(folder: Path) -> Layout:
    """The metadata of a dataset.

    Raises:
        BadInputError: when it is missing, damaged, or of another version.
    """
    path = folder / "meta/info.json"
    info = _json(path)
    version = str(info.get("codebase_version"))
    if version not in VERSIONS:
        raise BadInputError(
            f"{path} is of version {version}; {' and '.join(VERSIONS)} are read. Convert it with "
            "LeRobot's own script (lerobot.datasets.v30.convert_dataset_v21_to_v30, or an older "
            "LeRobot's for what is older)."
        )
    try:
        fps, features = float(info["fps"]), dict(info["features"])
        chunk_size = int(info.get("chunks_size") or 1000)
        total = int(info["total_episodes"])
        found = {str(name): _feature(str(name), of) for name, of in features.items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInputError(f"{path} is not as LeRobot writes it: {error!r}.") from error
    if not 0 < fps <= 1000 or chunk_size < 1:
        raise BadInputError(f"{path}: {fps} frames a second, {chunk_size} episodes a chunk?")
    episodes = _table(folder, version, "episodes")
    lengths = _lengths(folder, episodes, total)
    films = dict(zip(lengths, episodes, strict=True))
    return Layout(
        folder=folder,
        version=version,
        fps=fps,
        robot=str(info.get("robot_type") or ""),
        features=found,
        lengths=lengths,
        instructions=_instructions(_table(folder, version, "tasks"), folder),
        film_path=str(info.get("video_path") or DEFAULT_FILMS[version]),
        chunk_size=chunk_size,
        _films=films,
    )


def _lengths(folder: Path, episodes: list[dict[str, Any]], total: int) -> dict[int, int]:
    try:
        lengths = {int(e["episode_index"]): int(e["length"]) for e in episodes}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{folder}/meta: an episode says no {error}.") from error
    if len(lengths) != len(episodes):
        raise BadInputError(f"{folder}/meta lists an episode twice. Write the dataset again.")
    if total != len(lengths):
        raise BadInputError(
            f"{folder}: info.json counts {total} episodes, but {len(lengths)} are listed: it was "
            "cut short, or not finalized. Download it again, or call finalize() where it is made."
        )
    if not lengths or min(lengths.values()) < 1:
        raise BadInputError(f"{folder} has no episodes, or one without rows.")
    return lengths


def _instructions(tasks: list[dict[str, Any]], folder: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    for row in tasks:
        text = row.get("task", row.get("__index_level_0__"))
        number = row.get("task_index")
        if not isinstance(text, str) or not isinstance(number, int):
            raise BadInputError(f"{folder}/meta: its tasks are no instructions with numbers.")
        found[number] = text
    return found


def _table(folder: Path, version: str, name: str) -> list[dict[str, Any]]:
    """Rows of a table of the metadata, without the statistics."""
    if version == "v2.1":
        path = folder / f"meta/{name}.jsonl"
        return [_object(line, path) for line in _text(path).splitlines() if line.strip()]
    path = folder / "meta" / (name if name == "episodes" else f"{name}.parquet")
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    return [row for file in files for row in _parquet_rows(file)]


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows > 1_000_000:
            raise BadInputError(f"{path} has {file.metadata.num_rows} rows; that is no metadata.")
        names = [n for n in file.schema_arrow.names if not n.startswith("stats/")]
        return file.read(columns=names, use_threads=False).to_pylist()
    except FileNotFoundError as error:
        raise BadInputError(f"{path} is missing. Download the dataset again.") from error
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise BadInputError(f"{path} cannot be read as Parquet: {one_line(error)}") from error


MAX_NUMBERS = 10_000
"""Each has a name; what tells of more is no state or action."""


def _feature(name: str, of: Any) -> Feature:
    shape = tuple(int(n) for n in of["shape"])
    size = shape[0] if len(shape) == 1 and shape[0] <= MAX_NUMBERS else 0
    names = of.get("names")
    if isinstance(names, dict):
        named = list(names.values())
        # Older datasets: {"motors": [...]}; others count them: {"x": 0, "y": 1}.
        names = named[0] if len(named) == 1 and isinstance(named[0], list) else list(names)
    is_named = isinstance(names, list) and len(names) == size and len(set(map(str, names))) == size
    numbers = tuple(map(str, names)) if is_named and names else tuple(map(str, range(size)))
    return Feature(name, str(of["dtype"]), shape, numbers, is_named)


def _filled(template: str, numbers: dict[str, Any]) -> Path:
    """A path by its template, of which only the known names are filled in.

    Raises:
        BadInputError: for other names, and for paths out of the folder.
    """

    def value(match: re.Match[str]) -> str:
        name, width = match[1], int(match[2] or 0)
        if name not in numbers or width > 20:
            raise BadInputError(f"meta/info.json: '{template}' names '{name}', which is unknown.")
        found = numbers[name]
        return found if isinstance(found, str) else f"{found:0{width}d}"

    path = Path(re.sub(r"\{(\w+)(?::0?(\d+)d)?\}", value, template))
    if path.is_absolute() or ".." in path.parts:
        raise BadInputError(f"meta/info.json: '{template}' leads out of the dataset's folder.")
    return path


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_META_BYTES:
            raise BadInputError(f"{path} is too large to be metadata.")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInputError(f"{path} is missing. Download the dataset again.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read: {one_line(error)}") from error


def _json(path: Path) -> dict[str, Any]:
    return _object(_text(path), path)


def _object(text: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is not JSON: {one_line(error)}") from error
    if not isinstance(found, dict):
        raise BadInputError(f"{path} holds no JSON object.")
    return found
