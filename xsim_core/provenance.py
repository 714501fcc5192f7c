"""Which code made an artifact: recorded beside it, compared when it is reused, never hashed.

A stage's code is what its function stands on: the module it lies in and all of this project that
this imports. How bytes are stored and errors are worded is left out: it does not decide what is
computed. A commit alone would not do: a mended file need not be committed, and most commits touch
the code of few stages.
"""

import hashlib
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PLUMBING = ("xsim_core.storage", "xsim_core.artifacts", "xsim_core.errors")
_PACKAGES = ("torch", "mani_skill", "sapien", "pycolmap", "zarr", "prefect", "numpy")
_COMPILED = (".cpp", ".cu", ".cuh", ".h")
"""Sources beside modules that these compile."""
_IMPORT = re.compile(
    r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|^[ \t]*import[ \t]+([\w.]+)"
    r"|[\"']([a-z_]\w*(?:\.\w+)+)(?::(\w+))?[\"']",
    re.MULTILINE,
)
"""``from a.b import c, d``, ``import a.b``, and references as text: ``"a.b:c"``."""


def code_of(run: str | Callable[..., Any]) -> str:
    """Twelve digits of the source files that a function stands on; "" when it lies in none.

    Read once in a process, as its modules are.

    Args:
        run: the function, or a reference written ``package:function``.
    """
    return _code_of(run if isinstance(run, str) else f"{run.__module__}:{run.__name__}")


def provenance(
    started: datetime, duration_s: float, peak_memory_mb: float, code: str, device: str = ""
) -> dict[str, Any]:
    """What a manifest says of the making of its artifact.

    Args:
        started: when.
        duration_s: how long it took.
        peak_memory_mb: of the process and its workers.
        code: as ``code_of`` answers it.
        device: where its tensors were; "" for what has none.
    """
    commit = git_commit()
    return {
        "started": started.isoformat(),
        "duration_s": round(duration_s, 3),
        "peak_memory_mb": round(peak_memory_mb, 1),
        "host": platform.node(),
        **({"device": device} if device else {}),
        "python": platform.python_version(),
        "commit": commit,
        "uncommitted": bool(commit and _git("status", "--porcelain", "--", "xsim_core")),
        "code": code,
        "packages": {p: _version(p) for p in _PACKAGES},
    }


def other_code(made: Mapping[str, Any], here: str) -> str:
    """In words, the code that made an artifact, where it is not the code here; "" where it is.

    Args:
        made: the manifest's ``provenance``.
        here: ``code_of`` the stage's function.
    """
    code, commit = made.get("code"), str(made.get("commit") or "")
    said = f"commit {commit[:7]}" if commit else "of no known commit"
    if made.get("uncommitted"):
        said += " and changes not committed"
    if code:
        return "" if code == here else f"other code ({said})"
    # Recorded before there was a digest: the commit tells only that the code may be another.
    return "" if commit and commit == git_commit() else f"code not recorded ({said})"


@cache
def _code_of(run: str) -> str:
    module, _, function = run.partition(":")
    seen: set[str] = set()
    waiting = list(_origins(module, (function,)))
    while waiting:
        if (found := waiting.pop()) not in seen:
            seen.add(found)
            waiting += _stands_on(found)
    files = {found: path for found in seen if (path := _file(found)) is not None}
    for package, folder in {(_package(m, p), p.parent) for m, p in files.items()}:
        # By their whole package: two kernels are each called kernel/kernel.cpp.
        files |= {f"{package}/{c.name}": c for c in _compiled(folder)}
    parts = [f"{name} {_digest(path)}" for name, path in files.items()]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:12] if parts else ""


@cache
def _stands_on(module: str) -> tuple[str, ...]:
    """The modules that one imports."""
    return tuple({o for name, names in _imports(module) for o in _origins(name, names)})


@cache
def _digest(path: Path) -> str:
    """Of one file; the stages share most of theirs."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _origins(module: str, names: tuple[str, ...]) -> Iterator[str]:
    """The modules in which these names of a module lie: itself, its submodules, or its stub's."""
    if module.startswith(_PLUMBING) or _file(module) is None:
        return
    told = {n: m for m, given in _imports(module, suffix=".pyi") for n in given}
    for name in names or ("",):
        if name and _file(f"{module}.{name}") is not None:
            yield f"{module}.{name}"
        elif name in told:
            yield from _origins(told[name], (name,))
        else:
            yield module


@cache
def _imports(module: str, *, suffix: str = ".py") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a module's file imports, wherever in it: modules, and the names of each."""
    path = _file(module)
    if path is None or not (path := path.with_suffix(suffix)).is_file():
        return ()
    package = _package(module, path)
    found: list[tuple[str, tuple[str, ...]]] = []
    for dots, name, names, plain, text, function in _IMPORT.findall(path.read_text("utf-8")):
        if plain or text:
            found.append((plain or text, (function,) if function else ()))
            continue
        above = package.rsplit(".", len(dots) - 1)[0] if dots else ""
        asked = re.sub(r"#[^\n]*", "", names).strip("()").split(",")
        words = tuple(w.split()[0] for w in asked if w.strip())
        found.append((".".join(filter(None, (above, name))), words))
    return tuple(found)


def _package(module: str, path: Path) -> str:
    """The package in which a module lies that is this file."""
    return module if path.stem == "__init__" else module.rpartition(".")[0]


@cache
def _file(module: str) -> Path | None:
    """The source of a module that is this project's own; a toy stage's may lie elsewhere."""
    top, *rest = module.split(".")
    if top in sys.stdlib_module_names or not (package := _packages().get(top)):
        return None
    path = package.joinpath(*rest)
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


@cache
def _packages() -> dict[str, Path]:
    """The folder of this package, and of those that lie beside it in a checkout."""
    root = Path(__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        return {"xsim_core": root / "xsim_core"}
    return {p.parent.name: p.parent for p in root.glob("*/__init__.py")}


def _compiled(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix in _COMPILED]


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def git_commit() -> str | None:
    """The commit that is checked out here; None in an installed copy."""
    return _git("rev-parse", "HEAD")


@cache
def _git(*arguments: str) -> str | None:
    """Of the checkout that this file lies in; an installed copy may lie in somebody else's."""
    root = Path(__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        return None
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # An image may hold the checkout without git: no reason to lose the artifact.
        return None
    return done.stdout.strip() or None
