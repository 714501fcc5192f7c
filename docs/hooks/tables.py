"""Markdown tables made from the code: arrays of an artifact, fields of a configuration."""

import ast
import inspect
import textwrap
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xsim_core.artifacts import ArraySpec, Artifact
from xsim_core.config import FrozenModel

BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
SHOWN_CHARACTERS = 60

Links = Mapping[type[BaseModel], str]
"""Models that have a section of their own, and where."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells are escaped and kept on one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def array_table(specs: Iterable[ArraySpec]) -> str:
    """Name, type, shape and meaning of the arrays of a payload."""
    rows = (
        (
            f"`{s.name}`",
            s.dtype,
            "any" if s.dims == "..." else f"({', '.join(s.dims.split())})",
            s.doc + (" (optional)" if s.optional else ""),
        )
        for s in specs
    )
    return table(("array", "type", "shape", "what"), rows)


def summary_table(kind: type[Artifact]) -> str:
    """The fields of an artifact's summary."""
    prose = prose_of_fields(kind)
    rows = ((f"`{n}`", type_text(f.annotation), prose[n]) for n, f in kind.model_fields.items())
    return table(("summary", "type", "what"), rows)


def config_tables(model: type[BaseModel], *, links: Links, level: int) -> str:
    """A configuration's fields with type, default and meaning; nested ones in tables below.

    Args:
        model: the configuration.
        links: models that are described elsewhere; fields of them refer there.
        level: of the headings above nested tables.
    """
    parts = []
    for path, nested, defaults in _nested(model, None, links):
        if path:
            parts.append(f"{'#' * level} `{path}`\n\n{summary_of(nested)}\n")
        parts.append(table(FIELD_HEAD, _rows(nested, defaults, links)))
    return "\n".join(parts)


FIELD_HEAD = ("field", "type", "default", "what")


def _nested(
    model: type[BaseModel], value: BaseModel | None, links: Links, path: str = ""
) -> Iterator[tuple[str, type[BaseModel], Mapping[str, Any]]]:
    """This model and those within it, each with what its fields are by default *here*."""
    defaults = {n: _default(n, f, value) for n, f in model.model_fields.items()}
    yield path, model, defaults
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner is not None and inner not in links:
            here = defaults[name] if isinstance(defaults[name], inner) else None
            yield from _nested(inner, here, links, f"{path}.{name}".lstrip("."))


REQUIRED = object()


def _default(name: str, field: FieldInfo, value: BaseModel | None) -> Any:
    if value is not None:
        return getattr(value, name)
    if field.is_required():
        return REQUIRED
    return field.get_default(call_default_factory=True, validated_data={})


def _rows(
    model: type[BaseModel], defaults: Mapping[str, Any], links: Links
) -> Iterator[tuple[str, ...]]:
    prose = prose_of_fields(model)
    for name, field in model.model_fields.items():
        inner, kind = model_in(field.annotation), type_text(field.annotation)
        if inner is not None:
            kind = f"[{kind}]({links[inner]})" if inner in links else "table below"
        bounds = ", ".join(_bounds(field))
        yield (
            f"`{name}`",
            f"{kind}, {bounds}" if bounds else kind,
            default_text(defaults[name]),
            prose[name],
        )


def _bounds(field: FieldInfo) -> Iterator[str]:
    for constraint in field.metadata:
        for name, sign in BOUNDS.items():
            if (bound := getattr(constraint, name, None)) is not None:
                yield f"{sign} {bound}"


def default_text(value: Any) -> str:
    """A default as one would write it; nested models have their own table, or a name."""
    if value is REQUIRED:
        return "**required**"
    if isinstance(value, BaseModel):
        if "name" in type(value).model_fields:
            return f"`{value.name}`"  # pyright: ignore[reportAttributeAccessIssue]
        return ""
    text = str(value) if isinstance(value, str | Path) else repr(value)
    if isinstance(value, tuple) and len(text) > SHOWN_CHARACTERS:
        return f"{len(value)} values, see the code"
    return f"`{text}`" if text else "empty"


def type_text(annotation: Any) -> str:
    """A type as a person reads it."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(args[0])
    if origin is Literal:
        return " or ".join(f"`{a}`" for a in args)
    if origin in (Union, types.UnionType):
        return " or ".join("none" if a is type(None) else type_text(a) for a in args)
    if origin is tuple:
        inner = ", ".join("…" if a is Ellipsis else type_text(a) for a in args)
        return f"({inner})"
    if origin in (dict, Mapping):
        return f"{type_text(args[0])} → {type_text(args[1])}"
    return {Any: "any"}.get(annotation, getattr(annotation, "__name__", str(annotation)))


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, itself or as an option."""
    options = (annotation, *get_args(annotation))
    return next((a for a in options if isinstance(a, type) and issubclass(a, BaseModel)), None)


def prose_of_fields(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field as Markdown.

    Read here and not by pydantic (``use_attribute_docstrings``), which would parse the sources of
    every model again in each process that imports one.
    """
    found: dict[str, str] = {}
    for one in (c for c in reversed(model.__mro__) if issubclass(c, FrozenModel)):
        tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
        for field, below in pairwise(tree.body[0].body):  # type: ignore[attr-defined]
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = inspect.cleandoc(text).replace("``", "`")
    return {name: found.get(name, "") for name in model.model_fields}


def summary_of(model: type[Any]) -> str:
    """A docstring's first paragraph as Markdown."""
    text = (model.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split()).replace("``", "`")
