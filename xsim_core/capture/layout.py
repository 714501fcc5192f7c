"""The files of a capture: what ``capture.yaml`` says and where things lie."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.geometry import BoardSpec

CAPTURE_FILE = "capture.yaml"


class CaptureFile(FrozenModel):
    """``capture.yaml``: what a person writes down beside the recording."""

    name: str = Field(min_length=1)
    object_name: str = Field(min_length=1)
    video: str = "video/recording.db3"
    """A RealSense recording (.db3 or .bag) or an RGB-D folder, relative to the capture."""
    photos: str = "photos"
    """Folder of photos of the room, without robot, hand or object."""
    mesh: str = "object/mesh.obj"
    """Textured mesh of the object, in metres."""
    board: BoardSpec
    init_frame: int = Field(default=0, ge=0)
    init_box_xyxy: tuple[float, float, float, float]
    """The object in ``init_frame``, as boxed by a person: left, top, right, bottom in pixels."""


def read_capture_file(folder: Path) -> CaptureFile:
    """The parsed ``capture.yaml`` of a capture folder.

    Raises:
        BadInputError: when it is missing, not YAML, or has wrong or missing keys.
    """
    path = folder / CAPTURE_FILE
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in folder.iterdir())) if folder.is_dir() else ""
        raise BadInputError(
            f"{folder} holds no {CAPTURE_FILE} (it holds {there or 'nothing'}). "
            f"It needs the keys {_keys()}."
        )
    try:
        raw: Any = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise BadInputError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise BadInputError(f"{path} must be a mapping with the keys {_keys()}")
    try:
        return CaptureFile.model_validate(raw)
    except ValidationError as error:
        issues = [f"'{'.'.join(map(str, e['loc']))}': {e['msg']}" for e in error.errors()]
        raise BadInputError(
            f"{path}: {'; '.join(issues)}. Keys of a capture: {_keys()}; "
            f"of its board: {', '.join(BoardSpec.model_fields)}."
        ) from error


def write_capture_file(folder: Path, capture: CaptureFile) -> None:
    """Write ``capture.yaml``."""
    text = yaml.safe_dump(capture.model_dump(mode="json"), sort_keys=False, default_flow_style=None)
    (folder / CAPTURE_FILE).write_text(text)


def truth_folder(folder: Path) -> Path:
    """Where the ground truth of a synthesised capture lies: apart from it."""
    return folder.with_name(f"{folder.name}.truth")


def _keys() -> str:
    return ", ".join(CaptureFile.model_fields)
