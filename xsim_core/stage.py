"""A stage is a frozen value; ``run_stage`` is the whole contract around it."""

import contextlib
import errno
import hashlib
import json
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .artifacts.base import Artifact, ArtifactRef
from .config import FrozenModel
from .errors import BadInputError, StoreFullError
from .memory import PeakMemory
from .storage import ArtifactStore, Progress, Runtime


@dataclass(frozen=True)
class Stage:
    """What a stage is: its name, meaning (version), code, and the kinds it reads and writes."""

    name: str
    version: int
    run: Callable[..., Artifact]
    """``run(**open_inputs, config=..., out=...) -> summary``."""
    config: type[FrozenModel]
    inputs: Mapping[str, type[Artifact]]
    output: type[Artifact]
    optional: frozenset[str] = frozenset()
    """Inputs that may be absent: truth and a world to deploy into exist only for some captures."""


def canonical_json(value: Any) -> str:
    """JSON with one form for each value.

    Raises:
        TypeError, ValueError: for anything without a stable form (sets, objects, NaN).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(stage: Stage, config: FrozenModel, inputs: Mapping[str, ArtifactRef[Any]]) -> str:
    """Identity of the artifact that this stage makes from these inputs: 24 hex digits."""
    recipe = {
        "stage": stage.name,
        "version": stage.version,
        "config": config.model_dump(mode="json"),
        "inputs": {name: str(ref) for name, ref in inputs.items()},
    }
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()[:24]


def output_ref(
    stage: Stage, config: FrozenModel, inputs: Mapping[str, ArtifactRef[Any]]
) -> ArtifactRef[Any]:
    """The ref that ``run_stage`` will answer, computed without running anything.

    Raises:
        BadInputError: when inputs are missing, unknown or of the wrong kind.
    """
    _check_inputs(stage, inputs)
    return ArtifactRef(kind=stage.output.kind, fingerprint=fingerprint(stage, config, inputs))


def run_stage(
    stage: Stage,
    config: FrozenModel,
    store: ArtifactStore,
    inputs: Mapping[str, ArtifactRef[Any]],
    *,
    runtime: Runtime | None = None,
    progress: Progress | None = None,
) -> ArtifactRef[Any]:
    """Return the artifact of this recipe, making it first if the store does not have it.

    The stage sees only its declared inputs and its config. A failure leaves nothing visible behind;
    work kept in ``out.scratch()`` is there for the next try.
    """
    ref = output_ref(stage, config, inputs)
    if store.claim(ref):
        return ref
    opened = {name: store.open(r, stage.inputs[name]) for name, r in inputs.items()}
    writer = store.begin(ref.kind, ref.fingerprint, runtime=runtime, progress=progress)
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        with PeakMemory() as memory:
            summary = stage.run(**opened, config=config, out=writer)
        if type(summary) is not stage.output:
            raise BadInputError(f"stage {stage.name} returned {type(summary)}, not {stage.output}")
        provenance = _provenance(started, time.monotonic() - clock, memory.peak_mb)
        return store.commit(
            writer, summary, stage=stage.name, stage_version=stage.version,
            config=config.model_dump(mode="json"), inputs=dict(inputs), provenance=provenance,
        )  # fmt: skip
    except BaseException as error:
        # A store that cannot even delete must not hide why the stage failed.
        with contextlib.suppress(Exception):
            store.discard(writer)
        if _is_disk_full(error):
            raise StoreFullError(
                f"stage {stage.name}: no space left for {store.url} or "
                f"{store.scratch_root}. Free some space or name another store (XSIM_STORE), then "
                "run again: finished stages are kept."
            ) from error
        raise


def _is_disk_full(error: BaseException) -> bool:
    """Whether the operating system, directly or through obstore or Zarr, said ENOSPC or EDQUOT."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # obstore reports the operating system's error as text only.
    return "No space left on device" in str(error) or "Disk quota exceeded" in str(error)


def _check_inputs(stage: Stage, inputs: Mapping[str, ArtifactRef[Any]]) -> None:
    missing = set(stage.inputs) - set(inputs) - stage.optional
    unknown = set(inputs) - set(stage.inputs)
    if missing or unknown:
        raise BadInputError(
            f"stage {stage.name} takes {sorted(stage.inputs)}; "
            f"missing {sorted(missing)}, unknown {sorted(unknown)}"
        )
    for name, ref in inputs.items():
        if ref.kind != stage.inputs[name].kind:
            wanted = stage.inputs[name].kind
            raise BadInputError(f"stage {stage.name}: '{name}' is a {ref.kind}, not a {wanted}")


_PACKAGES = ("torch", "mani_skill", "sapien", "pycolmap", "zarr", "prefect", "numpy")


def _provenance(started: datetime, duration_s: float, peak_memory_mb: float) -> dict[str, Any]:
    return {
        "started": started.isoformat(),
        "duration_s": round(duration_s, 3),
        "peak_memory_mb": round(peak_memory_mb, 1),
        "host": platform.node(),
        "python": platform.python_version(),
        "commit": _git_commit(),
        "packages": {p: _version(p) for p in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Of the checkout that this file lies in; an installed copy may lie in somebody else's."""
    root = Path(__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        return None
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None
