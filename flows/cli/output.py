"""What commands print: JSON for programs, lines for people."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsim_core.storage import ArtifactStore


def print_json(value: Any) -> None:
    """On standard output, indented."""
    print(json.dumps(value, indent=1))


def answer(values: dict[str, Any], *, as_json: bool) -> int:
    """A few named values; the exit code 0."""
    if as_json:
        print_json(values)
    else:
        print("\n".join(f"{name}: {value}" for name, value in values.items()))
    return 0


def page_path(out: str, default: Path) -> Path:
    """Where a page is written: what ``--out`` says, or the default. Asked before it is drawn.

    Raises:
        BadInputError: for a folder, or what is no file.
    """
    from xsim_core.errors import BadInputError
    from xsim_core.files.folders import expanded

    path = (expanded(out, "--out") if out else default).absolute()
    if path.is_dir():
        raise BadInputError(
            f"--out {path} is a folder: name a file in it, such as {path.name}.html."
        )
    if path.exists() and not path.is_file():
        raise BadInputError(f"--out {path} is no plain file: a page appears whole, or not at all.")
    return path


def announce_empty(store: "ArtifactStore") -> None:
    """Say on standard error that a store on this disk holds nothing, and where another would lie.

    Somebody who looks for a run should learn that it is the place that is wrong.
    """
    from xsim_core.storage import local_path

    folder = local_path(store.url)
    if folder is None:
        return
    if not folder.is_dir() or not any(folder.iterdir()):
        print(
            f"note: the store {folder} is empty. 'xsim demo' makes a first run; XSIM_HOME or "
            "XSIM_STORE say where another store lies.",
            file=sys.stderr,
        )
