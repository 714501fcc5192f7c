"""What ``capture.yaml`` says of a track: values, of which only the form is checked."""

from typing import Any, Literal

from pydantic import Field, model_validator

from xsim_core.capture.place.spec import LengthUnit
from xsim_core.config import FrozenModel

TrackFrame = Literal["camera", "robot"]


class TrackSpec(FrozenModel):
    """The object's poses from another program, for ``pose_track.backend: file``."""

    file: str = Field(min_length=1)
    """A file (.npy .npz .csv .json .txt) or a folder of .txt, relative to the capture."""
    frame: TrackFrame | None = None
    """In which frame poses are: the video camera's or the robot's base. None: as the format says,
    or whichever the film shows."""
    unit: LengthUnit | None = None
    """Of the translations; None: as the format says, and millimetres where they can be no metres.
    """
    inverted: bool = False
    """Whether poses map that frame to the object, and not the object to the frame."""
    object: int | None = Field(default=None, ge=0)
    """Which, where a file holds several: BOP's ``obj_id``, or the row of X-Sim's array."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_file_alone(cls, data: Any) -> Any:
        return {"file": data} if isinstance(data, str) else data
