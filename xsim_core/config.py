"""The one base class of every configuration."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """A closed, immutable value: unknown fields, NaN and infinities are refused.

    A misspelt key in YAML or in the Prefect UI therefore raises instead of being ignored.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
