"""What belongs to a capture on disk: the recording itself, and truth and world beside it."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from tasks.engine.child import run_job
from tasks.engine.observer import Observer
from tasks.settings import Settings
from xsim_core.artifacts import ArtifactRef, ObjectTrack, RealRollouts
from xsim_core.capture import IngestConfig, has_mesh, truth_folder
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.pose_track import ReviewConfig
from xsim_core.rollouts import IngestRolloutsConfig
from xsim_core.scratch import write_text
from xsim_core.stages import REVIEW_TRACK
from xsim_core.storage import ArtifactStore, Progress

from .digests import DigestMemory

SYNTHETIC: dict[str, dict[str, Any]] = {
    "demo": {"furniture": "kitchen"},
    # At half the resolution the board's markers could not be read from the photos any more.
    "debug": {"num_frames": 24, "num_photos": 20},
    # For task pick_place.
    "lift": {"motion": "lift"},
    # As the demo, in other rooms; it was filmed in the patterned one until 30 November 2026.
    "patterned": {},
    "study": {"furniture": "study"},
}
"""Preset → fields of ``SynthesizeConfig``."""

_STAMP = "synthesized.json"


class Reviewed(FrozenModel):
    """What a request says of the track's review."""

    review: ReviewConfig | None = None
    """What a person decided on the object's track."""
    reviewed: ArtifactRef | None = None
    """What came of that."""
    asks_for_review: bool = True
    """Whether to wait where a person should look at the track."""

    @classmethod
    def of(cls, text: str, open_store: Callable[[], ArtifactStore]) -> "Reviewed":
        """As in a request.

        Args:
            text: ask, skip, or the ref of a reviewed track.
            open_store: where that lies; asked for a ref alone.

        Raises:
            BadInputError: when it is none of these.
            MissingArtifactError: when the store has no such artifact.
        """
        if text in ("ask", "skip"):
            return cls(asks_for_review=text == "ask")
        with suppress(ValidationError):
            ref: ArtifactRef = ArtifactRef.parse(text)
            if ref.kind == ObjectTrack.kind:
                manifest = open_store().open(ref, ObjectTrack).manifest
                if manifest.stage == REVIEW_TRACK.name:
                    config = ReviewConfig.model_validate(manifest.config)
                    return cls(review=config, reviewed=ref)
        raise BadInputError(
            f"review '{text}' is neither ask nor skip nor a reviewed track {ObjectTrack.kind}/…. "
            "'xsim track review RUN' makes one."
        )


class Sources(Reviewed):
    """One ingest configuration for each thing that is there."""

    capture: IngestConfig
    truth: IngestConfig | None = None
    """Only synthesised captures have it; nothing but ``evaluate`` may open what comes of it."""
    world: IngestConfig | None = None
    """The world to deploy into; real captures have a robot instead."""
    rollouts: IngestRolloutsConfig | None = None
    """Recordings of a robot that take the place of ``deploy``."""
    given_rollouts: ArtifactRef | None = None
    """The same, as they were taken in before."""
    deploy: Literal["world", "robot"] = "world"
    """Where the student acts when nobody brought rollouts."""

    def with_review(self, text: str, open_store: Callable[[], ArtifactStore]) -> "Sources":
        """The same with what a request says of the track's review; as in ``Reviewed.of``."""
        return self.model_copy(update=dict(Reviewed.of(text, open_store)))

    def with_rollouts(self, text: str | None) -> "Sources":
        """The same with rollouts that somebody brings.

        Args:
            text: a ref, or recordings or a folder of them; None for none.

        Raises:
            BadInputError: when it is neither.
        """
        if not text:
            return self
        if (path := Path(text)).exists():
            return self.model_copy(update={"rollouts": IngestRolloutsConfig.of([path])})
        with suppress(ValidationError):
            ref: ArtifactRef = ArtifactRef.parse(text)
            if ref.kind == RealRollouts.kind:
                return self.model_copy(update={"given_rollouts": ref})
        raise BadInputError(
            f"rollouts '{text}' are neither a folder or file of recordings on this machine nor an "
            f"artifact {RealRollouts.kind}/…. 'xsim robot run --out FOLDER' records them."
        )


def find_sources(folder: Path) -> Sources:
    """Look what a capture's folder holds.

    Raises:
        BadInputError: when it is not a capture.
    """
    if not folder.is_dir():
        raise BadInputError(
            f"{folder} is not a folder. 'xsim capture synthesize FOLDER' makes a capture; "
            "docs say how to lay out a recording of yours."
        )
    memory, truth = DigestMemory.at_home(), truth_folder(folder)
    capture = memory.look(folder)
    beside = memory.look(truth) if (truth / "truth.npz").is_file() else None
    # An object made from the film has a frame that no other world knows.
    has_world = (truth / "world.json").is_file() and has_mesh(folder)
    return Sources(capture=capture, truth=beside, world=beside if has_world else None)


def synthesise_demo(settings: Settings, observer: Observer, *, preset: str) -> Path:
    """The capture that ``xsim demo`` runs on, made the first time only."""
    return synthesise(settings.home / "captures" / preset, observer, preset=preset)


def synthesise(folder: Path, observer: Observer, *, preset: str = "demo") -> Path:
    """Render a capture to a folder, or keep the one of the same configuration that is there.

    Raises:
        UnknownNameError: for an unknown preset.
        BadInputError: when the folder holds something else.
    """
    if preset not in SYNTHETIC:
        raise UnknownNameError("synthetic capture", preset, SYNTHETIC)
    from xsim_core.capture import SynthesizeConfig  # Here: it draws scenes, and `xsim run` none.

    config = SynthesizeConfig.model_validate({"name": preset, **SYNTHETIC[preset]})
    stamp = truth_folder(folder).with_name(f"{folder.name}.{_STAMP}")
    wanted = config.model_dump_json(indent=1)
    observer.started("synthesize")
    if folder.exists() and not stamp.exists():
        raise BadInputError(
            f"{folder} exists and was not finished by 'xsim capture synthesize'. "
            "Name another folder, or remove it."
        )
    reused = folder.exists() and stamp.read_text() == wanted
    if not reused:
        # In this order a stop at any moment leaves something that the next run recognises.
        for stale in (folder, truth_folder(folder)):
            shutil.rmtree(stale, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_text(stamp, wanted)
        given = {"folder": str(folder), "config": config.model_dump(mode="json")}
        progress = partial(observer.progressed, "synthesize")
        run_job("synthesize", "flows.sources:render_capture", given, progress=progress)
    observer.finished("synthesize", None, reused=reused)
    return folder


def render_capture(given: dict[str, Any], progress: Progress) -> None:
    """``synthesize_capture`` on plain values, for a process that Ctrl-C really ends."""
    from xsim_core.capture import SynthesizeConfig, synthesize_capture

    config = SynthesizeConfig.model_validate(given["config"])
    synthesize_capture(Path(given["folder"]), config, progress)
