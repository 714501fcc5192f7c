"""The stages, in order. This tuple is the registry: a stage that is not here does not exist."""

from .artifacts import (
    Capture,
    EpisodeDataset,
    EpisodeShard,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
    TeacherRollouts,
)
from .calibrate import CalibrateConfig, calibrate_student
from .capture import IngestConfig, ingest_capture, ingest_truth, ingest_world
from .diffusion import DiffusionConfig, train_student
from .errors import UnknownNameError
from .evaluate import EvaluateConfig, evaluate_policies
from .pose_track import PoseTrackConfig, track_object
from .ppo import PPOConfig, train_teacher
from .render_dataset import (
    RenderDatasetConfig,
    RenderShardConfig,
    collect_rollouts,
    render_dataset,
    render_shard,
)
from .scan import ScanConfig, solve_scan
from .splat import SplatConfig, fit_scene
from .stage import Stage

INGEST_CAPTURE = Stage(
    name="ingest_capture", version=1, run=ingest_capture, config=IngestConfig,
    inputs={}, output=Capture,
)  # fmt: skip
INGEST_TRUTH = Stage(
    name="ingest_truth", version=1, run=ingest_truth, config=IngestConfig,
    inputs={}, output=GroundTruth,
)  # fmt: skip
INGEST_WORLD = Stage(
    name="ingest_world", version=1, run=ingest_world, config=IngestConfig,
    inputs={}, output=RealWorld,
)  # fmt: skip
SCAN = Stage(
    name="scan", version=1, run=solve_scan, config=ScanConfig,
    inputs={"capture": Capture}, output=PosedImages,
)  # fmt: skip
SPLAT = Stage(
    name="splat", version=1, run=fit_scene, config=SplatConfig,
    inputs={"images": PosedImages}, output=SplatScene,
)  # fmt: skip
POSE_TRACK = Stage(
    name="pose_track", version=1, run=track_object, config=PoseTrackConfig,
    inputs={"capture": Capture}, output=ObjectTrack,
)  # fmt: skip
PPO = Stage(
    name="ppo", version=1, run=train_teacher, config=PPOConfig,
    inputs={"scene": SplatScene, "track": ObjectTrack}, output=TeacherPolicy,
)  # fmt: skip
RENDER_DATASET = Stage(
    name="render_dataset", version=1,
    run=render_dataset, config=RenderDatasetConfig,
    inputs={"teacher": TeacherPolicy, "scene": SplatScene, "track": ObjectTrack},
    output=EpisodeDataset,
)  # fmt: skip
COLLECT_ROLLOUTS = Stage(
    name="collect_rollouts", version=1, run=collect_rollouts, config=RenderDatasetConfig,
    inputs={"teacher": TeacherPolicy, "scene": SplatScene, "track": ObjectTrack},
    output=TeacherRollouts,
)  # fmt: skip
RENDER_SHARD = Stage(
    name="render_shard", version=1, run=render_shard, config=RenderShardConfig,
    inputs={"rollouts": TeacherRollouts, "scene": SplatScene, "track": ObjectTrack},
    output=EpisodeShard,
)  # fmt: skip
DIFFUSION = Stage(
    name="diffusion", version=1, run=train_student, config=DiffusionConfig,
    inputs={"dataset": EpisodeDataset, "scene": SplatScene, "track": ObjectTrack},
    output=StudentPolicy,
)  # fmt: skip
CALIBRATE = Stage(
    name="calibrate", version=1, run=calibrate_student, config=CalibrateConfig,
    inputs={
        "student": StudentPolicy, "dataset": EpisodeDataset, "scene": SplatScene,
        "track": ObjectTrack, "world": RealWorld,
    },
    output=StudentPolicy,
)  # fmt: skip
EVALUATE = Stage(
    name="evaluate", version=1, run=evaluate_policies, config=EvaluateConfig,
    inputs={
        "teacher": TeacherPolicy, "student": StudentPolicy, "calibrated": StudentPolicy,
        "scene": SplatScene, "track": ObjectTrack, "images": PosedImages,
        "world": RealWorld, "truth": GroundTruth,
    },
    output=Evaluation, optional=frozenset({"calibrated", "world", "truth"}),
)  # fmt: skip

STAGES: tuple[Stage, ...] = (
    INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD, SCAN, SPLAT, POSE_TRACK, PPO, RENDER_DATASET,
    DIFFUSION, CALIBRATE, EVALUATE,
)  # fmt: skip

SPREAD_STAGES: tuple[Stage, ...] = (COLLECT_ROLLOUTS, RENDER_SHARD)
"""What ``render_dataset`` is cut into where several workers share it (``flows.fan_out``)."""


def get_stage(name: str) -> Stage:
    """The stage of this name.

    Raises:
        UnknownNameError: when there is none.
    """
    for stage in (*STAGES, *SPREAD_STAGES):
        if stage.name == name:
            return stage
    raise UnknownNameError("stage", name, [s.name for s in STAGES])
