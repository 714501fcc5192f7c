"""A stage is a frozen value, written once; ``run_stage`` is the whole contract around it."""

import contextlib
import errno
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, cast, overload

from .artifacts.base import A, Artifact, ArtifactRef, Manifest
from .config import FrozenModel
from .device import device_label
from .errors import BadInputError, StoreFullError
from .named import named
from .provenance import code_of, other_code, provenance
from .storage import ArtifactStore, Progress, Runtime


class Named:
    """A field that holds a class, or its name as ``package:class``, imported when asked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, stage: None, owner: type) -> "Named": ...
    @overload
    def __get__(self, stage: object, owner: type) -> type[FrozenModel]: ...
    def __get__(self, stage: object, owner: type) -> "Named | type[FrozenModel]":
        if stage is None:
            raise AttributeError(self._name)  # So that the dataclass takes it for no default.
        value = vars(stage)[self._name]
        found: type[FrozenModel] = cast(Any, named(value)) if isinstance(value, str) else value
        return found

    def __set__(self, stage: object, value: str | type[FrozenModel]) -> None:
        vars(stage)[self._name] = value


@dataclass(frozen=True)
class Section:
    """What the report says above a stage's figures, charts and pictures."""

    heading: str
    text: str


@dataclass(frozen=True)
class FanOut:
    """How a stage's work is shared: collected once, made in shards, gathered in its scratch."""

    collect: "Stage"
    """Takes the stage's own inputs and configuration."""
    shard: "Stage"
    """Takes what was collected, and inputs of the stage by their names; its configuration is the
    stage's with ``shard`` and ``num_shards``."""
    count: str
    """Field of what was collected: how many there are to share."""
    unit: str
    """What they are called in figures of progress."""
    gather: str | Callable[..., None]
    """``gather(collected, shards, scratch)`` puts all where the stage resumes from; a reference as
    ``Stage.run``."""
    collect_share: float = 0.2
    """Of the time that the stage takes."""


@dataclass(frozen=True)
class Stage(Generic[A]):
    """All that is said of a stage: identity, code, what it reads and writes, and how it is shown.

    Planned, called, made a Prefect task, spread over workers and reported by this alone.
    """

    name: str
    version: int
    """Raised when the stage comes to mean something else."""
    run: str | Callable[..., A]
    """``run(**open_inputs, config=..., out=...) -> summary``. Written ``package:function`` it is
    imported when it is called: planning and reusing need the configurations only."""
    config: Named = Named()  # It has no default: see there.
    """Its configuration's class; written as ``run`` is, since looking needs not even that."""
    inputs: Mapping[str, type[Artifact]]  # pyright: ignore[reportGeneralTypeIssues] no default
    output: type[A]  # pyright: ignore[reportGeneralTypeIssues] as above
    optional: frozenset[str] = frozenset()
    """Inputs that may be absent: truth and a world to deploy into exist only for some captures."""
    title: str = ""
    """What it makes, in a sentence."""
    seed: str | None = None
    """The field of the configuration by which it can be made anew; None where there is one answer.
    """
    fan_out: FanOut | None = None
    """How several workers share it, where they can."""
    on_device: bool = False
    """Whether it computes on the device that its runtime names (``xsim_core.device``)."""
    section: Section | None = None
    """Its words in the report; made of name and title when there are none."""
    in_report: bool = True

    def function(self) -> Callable[..., A]:
        """The code itself, imported now if it was not."""
        return named(self.run) if isinstance(self.run, str) else self.run

    def code(self) -> str:
        """The code as digits (see ``provenance``)."""
        return code_of(self.run)

    def other_maker(self, manifest: Manifest) -> str:
        """In words, the code that made this artifact of the stage; "" when it is this code."""
        return other_code(manifest.provenance, self.code())


def canonical_json(value: Any) -> str:
    """JSON with one form for each value.

    Raises:
        TypeError, ValueError: for anything without a stable form (sets, objects, NaN).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(stage: Stage, config: FrozenModel, inputs: Mapping[str, ArtifactRef]) -> str:
    """Identity of the artifact that this stage makes from these inputs: 24 hex digits."""
    recipe = {
        "stage": stage.name,
        "version": stage.version,
        "config": config.model_dump(mode="json"),
        "inputs": {name: str(ref) for name, ref in inputs.items()},
    }
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()[:24]


def output_ref(
    stage: Stage[A], config: FrozenModel, inputs: Mapping[str, ArtifactRef]
) -> ArtifactRef[A]:
    """The ref that ``run_stage`` will answer, computed without running anything.

    Raises:
        BadInputError: when inputs are missing, unknown or of the wrong kind.
    """
    _check_inputs(stage, inputs)
    return ArtifactRef(kind=stage.output.kind, fingerprint=fingerprint(stage, config, inputs))


def run_stage(
    stage: Stage[A],
    config: FrozenModel,
    store: ArtifactStore,
    inputs: Mapping[str, ArtifactRef],
    *,
    runtime: Runtime | None = None,
    progress: Progress | None = None,
) -> ArtifactRef[A]:
    """Return the artifact of this recipe, making it first if the store does not have it.

    The stage sees only its declared inputs and its config. A failure leaves nothing visible behind;
    work kept in ``out.scratch()`` is there for the next try.
    """
    from .process.memory import (
        PeakMemory,  # With psutil: whoever only looks at stages needs neither.
    )

    ref = output_ref(stage, config, inputs)
    if store.claim(ref):
        return ref
    # A device that is not there is refused before anything is made.
    device = device_label(runtime.device if runtime else "cpu") if stage.on_device else ""
    opened = {name: store.open(r, stage.inputs[name]) for name, r in inputs.items()}
    writer = store.begin(ref.kind, ref.fingerprint, runtime=runtime, progress=progress)
    # The code's digits first: a file mended while the stage runs is not what made the artifact.
    code, started, clock = stage.code(), datetime.now(UTC), time.monotonic()
    try:
        with PeakMemory() as memory:
            summary = stage.function()(**opened, config=config, out=writer)
        if type(summary) is not stage.output:
            raise BadInputError(f"stage {stage.name} returned {type(summary)}, not {stage.output}")
        made = provenance(started, time.monotonic() - clock, memory.peak_mb, code, device)
        return store.commit(
            writer,
            summary,
            stage=stage.name,
            stage_version=stage.version,
            config=config.model_dump(mode="json"),
            inputs=dict(inputs),
            provenance=made,
        )
    except BaseException as error:
        # A store that cannot even delete must not hide why the stage failed.
        with contextlib.suppress(Exception):
            store.discard(writer)
        if _is_disk_full(error):
            raise _store_full(stage.name, store) from error
        raise


def _store_full(stage: str, store: ArtifactStore) -> StoreFullError:
    return StoreFullError(
        f"stage {stage}: no space left for {store.url} or {store.scratch_root}. Free some space "
        "or name another store (XSIM_STORE), then run again: finished stages are kept."
    )


def _is_disk_full(error: BaseException) -> bool:
    """Whether the operating system, directly or through obstore or Zarr, said ENOSPC or EDQUOT."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # obstore reports the operating system's error as text only.
    return "No space left on device" in str(error) or "Disk quota exceeded" in str(error)


def _check_inputs(stage: Stage, inputs: Mapping[str, ArtifactRef]) -> None:
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
