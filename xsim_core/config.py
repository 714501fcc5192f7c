"""The one base class of every configuration, and the small vectors that configurations hold."""

from pydantic import BaseModel, ConfigDict

Vec2 = tuple[float, float]
Vec3 = tuple[float, float, float]


class FrozenModel(BaseModel):
    """A closed, immutable value: unknown fields, NaN and infinities are refused.

    A misspelt key in YAML or in the Prefect UI therefore raises instead of being ignored.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
