"""Single fields over a configuration: ``diffusion.optim.num_steps`` and everything like it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from .config import FrozenModel, refusal
from .errors import BadInputError, UnknownNameError

M = TypeVar("M", bound=FrozenModel)

TASK = "task"
"""Not a stage: its fields go to every stage that holds a task."""


def with_overrides(config: M, overrides: Mapping[str, Mapping[str, Any]]) -> M:
    """The configuration with some fields changed; what is not named stays as it was.

    Args:
        config: one field a stage.
        overrides: stage → field → value, and so on inwards where a field is itself a configuration;
            or ``task`` → field → value.

    Raises:
        UnknownNameError: for a stage or field that does not exist; suggests one.
        BadInputError: for a value that its field, or the configuration as a whole, refuses.
    """
    stages: dict[str, FrozenModel] = {name: getattr(config, name) for name in _fields(config)}
    for stage, fields in overrides.items():
        if stage == TASK:
            for name, held in stages.items():
                if TASK in _fields(held):
                    stages[name] = with_fields(held, {TASK: fields}, TASK)
        elif stage in stages:
            stages[stage] = with_fields(stages[stage], fields, stage)
        else:
            raise UnknownNameError("stage", stage, [*stages, TASK])
    return config.model_copy(update=stages)


def with_fields(config: M, fields: Mapping[str, Any], said: str) -> M:
    """One configuration with fields changed.

    Args:
        config: what is not named stays as it is here.
        fields: field → value, and so on inwards where a field is itself a configuration.
        said: how the person named the configuration.

    Raises:
        UnknownNameError: for a field that does not exist; suggests one.
        BadInputError: for a value that its field, or the configuration as a whole, refuses.
    """
    values = {name: getattr(config, name) for name in _fields(config)}
    for name, value in fields.items():
        if name not in values:
            known = [*values, *(path for path in _paths(config) if path.endswith(f".{name}"))]
            raise UnknownNameError(f"field of {said}", name, known)
        old = values[name]
        if isinstance(old, FrozenModel) and isinstance(value, Mapping):
            values[name] = with_fields(
                old, cast("Mapping[str, Any]", value), said if name == said else f"{said}.{name}"
            )
        else:
            values[name] = value
    try:
        return type(config).model_validate(values)
    except ValidationError as error:
        raise BadInputError(refusal(error, said)) from error


def _fields(config: FrozenModel) -> list[str]:
    return list(type(config).model_fields)


def _paths(config: FrozenModel) -> Iterator[str]:
    """Every field below, with dots."""
    for name in _fields(config):
        yield name
        inner = getattr(config, name)
        if isinstance(inner, FrozenModel):
            yield from (f"{name}.{path}" for path in _paths(inner))
