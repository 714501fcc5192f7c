"""What a person decided on a track: the configuration of ``review_track``."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from xsim_core.config import FrozenModel, StageConfig

Row = tuple[float, float, float, float]
ORTHONORMAL = 1e-4


class KeyPose(FrozenModel):
    """The object's pose in one frame, set by a person."""

    frame: int = Field(ge=0)
    """Counted from 0, as the track counts."""
    T_cam_object: tuple[Row, Row, Row, Row]
    """In that frame's own camera, metres."""

    @field_validator("T_cam_object")
    @classmethod
    def _is_rigid(cls, rows: tuple[Row, Row, Row, Row]) -> tuple[Row, Row, Row, Row]:
        import numpy as np  # Here: whoever plans a run needs none.

        T = np.array(rows)
        R = T[:3, :3]
        is_turn = np.allclose(R @ R.T, np.eye(3), atol=ORTHONORMAL) and np.linalg.det(R) > 0
        if not (is_turn and np.allclose(T[3], [0, 0, 0, 1])):
            raise ValueError("no rigid 4x4: a right-handed rotation and a last row 0 0 0 1")
        return rows


class Said(FrozenModel):
    """Who decided on a track before, and why."""

    author: str
    """Who decided."""
    note: str
    """Why, in their words."""


class ReviewConfig(StageConfig):
    """Who decided what, and why. Without key poses and cuts the track is accepted as it is."""

    author: str = Field(min_length=1, max_length=200)
    """Whose decision it is."""
    note: str = Field(min_length=1, max_length=2000)
    """Why."""
    key_poses: tuple[KeyPose, ...] = ()
    """The film is tracked again between and around them."""
    cuts: tuple[tuple[int, int], ...] = ()
    """First and last frames, both of them included, of what is not to be believed."""

    before: tuple[Said, ...] = Field(default=(), exclude_if=lambda said: not said)
    """Who decided before; what of it stands is among ``key_poses`` and ``cuts``."""

    @property
    def words(self) -> tuple[Said, ...]:
        """All that was said so far, for a review that begins from this one."""
        return (*self.before, Said(author=self.author, note=self.note))

    def after(self, earlier: "ReviewConfig") -> "ReviewConfig":
        """The same on top of an earlier review, whose key poses, cuts and words stay."""
        keys = {key.frame: key for key in (*earlier.key_poses, *self.key_poses)}
        return self.model_copy(
            update={
                "key_poses": tuple(keys[frame] for frame in sorted(keys)),
                "cuts": tuple(sorted({*earlier.cuts, *self.cuts})),
                "before": earlier.words,
            }
        )

    @field_validator("author", "note", mode="before")
    @classmethod
    def _stripped(cls, text: object) -> object:
        return text.strip() if isinstance(text, str) else text

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        frames = [key.frame for key in self.key_poses]
        if len(set(frames)) < len(frames):
            raise ValueError("two key poses of one frame")
        if any(not 0 <= first <= last for first, last in self.cuts):
            raise ValueError("a cut is its first and its last frame, from 0 on")
        return self
