"""Types of arguments that several commands share, with a word that says what is meant."""

import os
from typing import Annotated, Any, Literal, cast

from tyro.conf import Positional, arg
from tyro.constructors import PrimitiveConstructorSpec

from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml


class Texts(tuple[str, ...]):
    """Values of an option that takes several.

    Of ``tuple[str, ...]`` tyro would ask typeguard, whose import is a tenth of a finished run.
    """

    __slots__ = ()


NO_TEXTS = Texts()


def several(metavar: str) -> PrimitiveConstructorSpec[Texts]:
    """How the command line takes an option of several values, called ``metavar`` in the help."""
    return PrimitiveConstructorSpec(
        nargs="*",
        metavar=metavar,
        instance_from_str=Texts,
        is_instance=lambda value: isinstance(value, Texts),
        str_from_instance=list,
    )


Preset = Literal["demo", "debug", "full"]
"""``xsim_core.presets.PRESETS``, named here so that a shell can complete them at once."""

CaptureFolder = Annotated[Positional[str], arg(metavar="CAPTURE")]
Folder = Annotated[Positional[str], arg(metavar="FOLDER")]
Reference = Annotated[Positional[str], arg(metavar="ARTIFACT")]
PointerName = Annotated[Positional[str], arg(metavar="POLICY")]
StoreUrl = Annotated[str, arg(metavar="URL")]
Task = Annotated[str, arg(metavar="NAME|FILE")]
Name = Annotated[str, arg(metavar="NAME")]
File = Annotated[str, arg(metavar="FILE")]
Settings = Annotated[Texts, several("STAGE.FIELD=VALUE")]
Device = Annotated[str, arg(metavar="DEVICE")]
Stages = Annotated[Texts, several("STAGE")]
Limits = Annotated[Texts, several("LIMIT=VALUE")]
Features = Annotated[Texts, several("FEATURE[:NAME,NAME]")]
Instructions = Annotated[Texts, several("TEXT")]
Recordings = Annotated[Positional[Texts], several("FOLDER|FILE")]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that nobody else reaches."""
FORM = "Give stage.field=value, such as ppo.num_env_steps=200000 or diffusion.optim.num_steps=4000."


def ask_for_device(device: str) -> None:
    """Have this process, and what it starts, compute on a device; "" leaves it as it was."""
    if device:
        os.environ["XSIM_DEVICE"] = device


def parse_overrides(texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """``stage.field=value`` texts as stage → field → value, inwards along the dots.

    Values are YAML: numbers, true, words, lists in brackets.

    Raises:
        BadInputError: for a text of another form, and for two that contradict each other.
    """
    overrides: dict[str, Any] = {}
    for text in texts:
        target, equals, given = text.partition("=")
        *path, name = target.split(".")
        if not (equals and path and all((*path, name))):
            raise BadInputError(f"--set '{text}' cannot be read. {FORM}")
        try:
            value = parse_yaml(given, f"--set '{text}': the value cannot be read")
        except BadInputError as error:
            raise BadInputError(
                f"{error}. Close what was opened, and put text that holds "
                "brackets, colons or commas in quotes."
            ) from error
        fields = overrides
        for step in path:
            inner: object = fields.setdefault(step, {})
            if not isinstance(inner, dict):
                raise BadInputError(f"--set '{text}' goes into what another --set gives a value.")
            fields = cast("dict[str, Any]", inner)
        if name in fields and fields[name] != value:
            raise BadInputError(f"--set gives {target} twice: '{fields[name]}' and '{value}'.")
        fields[name] = value
    return overrides
