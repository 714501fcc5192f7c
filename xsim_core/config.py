"""The base classes of every configuration, and the small vectors that configurations hold."""

import reprlib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadInputError

Vec2 = tuple[float, float]
Vec3 = tuple[float, float, float]


class FrozenModel(BaseModel):
    """A closed, immutable value: unknown fields, NaN and infinities are refused.

    A misspelt key in YAML or in the Prefect UI therefore raises instead of being ignored.
    """

    # Most commands look at few of the models they import: each is built when it is first used.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class StageConfig(FrozenModel):
    """The configuration of a stage: what decides, with its inputs, what its artifact is called."""

    anew: str = Field(default="", exclude_if=lambda value: not value)
    """The code that makes it anew beside what other code made of the same (``xsim run --anew``).
    Part of the artifact's identity where it is given, and only there."""


class ContentConfig(StageConfig):
    """Which files a stage takes in; their place is no part of the identity, their bytes are."""

    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over the files, as they were when they were submitted."""

    def check_unchanged(self) -> None:
        """Make sure that the files are those of the digest.

        Raises:
            BadInputError: when they are not.
        """
        if self._digest_now() != self.content_digest:
            what, mend = self._changed()
            raise BadInputError(f"{what} changed after it was submitted. {mend}")

    def _digest_now(self) -> str:
        raise NotImplementedError

    def _changed(self) -> tuple[str, str]:
        """What is no longer as it was, and what to do about it, for people."""
        raise NotImplementedError


def refusal(error: ValidationError, where: str) -> str:
    """What a model refused, in sentences: which field, what was given, and why.

    Args:
        error: what the model raised.
        where: how the person named the model, such as a stage.
    """
    sentences: list[str] = []
    for one in error.errors():
        field = ".".join((where, *map(str, one["loc"])))
        why = one["msg"].removeprefix("Value error, ").rstrip(".")
        # A check of the whole model is given all of it, which says nothing.
        plain = isinstance(one["input"], str | int | float | bool | list | tuple | None)
        given = f" is {reprlib.repr(one['input'])}" if plain else ""
        sentences.append(f"{field}{given}: {why}.")
    return " ".join(sentences)
