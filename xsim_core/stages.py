"""The stages, in order. This tuple is the registry: a stage that is not here does not exist."""

import importlib
from typing import Any

from .artifacts import (
    Artifact,
    Capture,
    EpisodeDataset,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from .config import FrozenModel
from .errors import MissingDependencyError, UnknownNameError
from .stage import Stage


def _entry(package: str, run: str, config: str) -> dict[str, Any]:
    try:
        module = importlib.import_module(f"xsim_core.{package}")
        return {"run": getattr(module, run), "config": getattr(module, config)}
    except (ImportError, AttributeError) as error:
        message = f"xsim_core.{package}.{run} is not written yet: {error}"

    def missing(**_: Any) -> Artifact:
        raise MissingDependencyError(message)

    return {"run": missing, "config": type(config, (FrozenModel,), {})}


INGEST_CAPTURE = Stage(
    name="ingest_capture", version=1, **_entry("capture", "ingest_capture", "IngestConfig"),
    inputs={}, output=Capture,
)  # fmt: skip
INGEST_TRUTH = Stage(
    name="ingest_truth", version=1, **_entry("capture", "ingest_truth", "IngestConfig"),
    inputs={}, output=GroundTruth,
)  # fmt: skip
INGEST_WORLD = Stage(
    name="ingest_world", version=1, **_entry("capture", "ingest_world", "IngestConfig"),
    inputs={}, output=RealWorld,
)  # fmt: skip
SCAN = Stage(
    name="scan", version=1, **_entry("scan", "solve_scan", "ScanConfig"),
    inputs={"capture": Capture}, output=PosedImages,
)  # fmt: skip
SPLAT = Stage(
    name="splat", version=1, **_entry("splat", "fit_scene", "SplatConfig"),
    inputs={"images": PosedImages}, output=SplatScene,
)  # fmt: skip
POSE_TRACK = Stage(
    name="pose_track", version=1, **_entry("pose_track", "track_object", "PoseTrackConfig"),
    inputs={"capture": Capture}, output=ObjectTrack,
)  # fmt: skip
PPO = Stage(
    name="ppo", version=1, **_entry("ppo", "train_teacher", "PPOConfig"),
    inputs={"scene": SplatScene, "track": ObjectTrack}, output=TeacherPolicy,
)  # fmt: skip
RENDER_DATASET = Stage(
    name="render_dataset", version=1,
    **_entry("render_dataset", "render_dataset", "RenderDatasetConfig"),
    inputs={"teacher": TeacherPolicy, "scene": SplatScene, "track": ObjectTrack},
    output=EpisodeDataset,
)  # fmt: skip
DIFFUSION = Stage(
    name="diffusion", version=1, **_entry("diffusion", "train_student", "DiffusionConfig"),
    inputs={"dataset": EpisodeDataset, "scene": SplatScene, "track": ObjectTrack},
    output=StudentPolicy,
)  # fmt: skip
CALIBRATE = Stage(
    name="calibrate", version=1, **_entry("calibrate", "calibrate_student", "CalibrateConfig"),
    inputs={
        "student": StudentPolicy, "dataset": EpisodeDataset, "scene": SplatScene,
        "track": ObjectTrack, "world": RealWorld,
    },
    output=StudentPolicy,
)  # fmt: skip
EVALUATE = Stage(
    name="evaluate", version=1, **_entry("evaluate", "evaluate_policies", "EvaluateConfig"),
    inputs={
        "teacher": TeacherPolicy, "student": StudentPolicy, "calibrated": StudentPolicy,
        "scene": SplatScene, "track": ObjectTrack, "images": PosedImages,
        "world": RealWorld, "truth": GroundTruth,
    },
    output=Evaluation, optional=frozenset({"world", "truth"}),
)  # fmt: skip

STAGES: tuple[Stage, ...] = (
    INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD, SCAN, SPLAT, POSE_TRACK, PPO, RENDER_DATASET,
    DIFFUSION, CALIBRATE, EVALUATE,
)  # fmt: skip


def get_stage(name: str) -> Stage:
    """The stage of this name.

    Raises:
        UnknownNameError: when there is none.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise UnknownNameError("stage", name, [s.name for s in STAGES])
