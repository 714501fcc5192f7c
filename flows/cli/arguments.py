"""Types of arguments that several commands share, with a word that says what is meant."""

from typing import Annotated, Literal

from tyro.conf import Positional, arg

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
Settings = Annotated[tuple[str, ...], arg(metavar="STAGE.FIELD=VALUE")]
