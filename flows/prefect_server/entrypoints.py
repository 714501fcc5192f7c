"""Import every flow of ``prefect.yaml``, then hand it to Prefect (``python -m`` this module).

Prefect alone says "Empty module name" of a flow whose imports fail, or deploys a husk of it whose
every run fails.
"""

import importlib
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import yaml

from flows.prefect_server.checkout import MANIFEST

BROKEN = 3
"""Exit code: some could not be imported, and nothing was handed over."""


def broken_flows(root: Path) -> list[str]:
    """A line for each flow below ``root``, a folder on the path, that cannot be imported."""
    manifest: dict[str, Any] = yaml.safe_load((root / MANIFEST).read_text())
    deployed: dict[str, list[str]] = {}
    for deployment in manifest["deployments"]:
        deployed.setdefault(deployment["entrypoint"], []).append(deployment["name"])
    found: list[str] = []
    for entrypoint, names in deployed.items():
        try:
            _load(entrypoint)
        except Exception as error:  # noqa: BLE001 whatever an import raises is the finding
            found.append(
                f"  {entrypoint} (deployed as {', '.join(names)}): "
                f"{type(error).__name__}: {error} [{_place(error, root)}]"
            )
    return found


def _load(entrypoint: str) -> None:
    path, _, name = entrypoint.partition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    getattr(module, name)


def _place(error: Exception, root: Path) -> str:
    """The last line of the checkout's own that was on the way to the error."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_below(f.filename, root)]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else MANIFEST


def _is_below(name: str, root: Path) -> bool:
    path = Path(name)
    return path.is_relative_to(root) and "site-packages" not in path.parts


def main() -> None:
    """Check, then become ``prefect deploy --all``; the imports are done once."""
    if found := broken_flows(Path.cwd()):
        sys.stderr.write("\n".join(found))
        sys.exit(BROKEN)
    sys.argv = ["prefect", "--no-prompt", "deploy", "--all"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
