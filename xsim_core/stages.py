"""The stages, in order. ``STAGES`` is the registry: a stage that is not there does not exist.

``run`` is a lambda so that a stage's code, and with it torch, is imported when it runs: planning,
looking at runs and reusing artifacts need the configurations only.
"""

from . import (
    build_sim,
    calibrate,
    capture,
    diffusion,
    evaluate,
    pose_track,
    ppo,
    render_dataset,
    scan,
    splat,
)
from .artifacts import (
    Capture,
    EpisodeDataset,
    EpisodeShard,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
    TeacherRollouts,
)
from .errors import UnknownNameError
from .stage import Stage

INGEST_CAPTURE = Stage(
    name="ingest_capture", version=1,
    run=lambda **given: capture.ingest_capture(**given),
    config=capture.IngestConfig,
    inputs={}, output=Capture,
)  # fmt: skip
INGEST_TRUTH = Stage(
    name="ingest_truth", version=1,
    run=lambda **given: capture.ingest_truth(**given),
    config=capture.IngestConfig,
    inputs={}, output=GroundTruth,
)  # fmt: skip
INGEST_WORLD = Stage(
    name="ingest_world", version=1,
    run=lambda **given: capture.ingest_world(**given),
    config=capture.IngestConfig,
    inputs={}, output=RealWorld,
)  # fmt: skip
SCAN = Stage(
    name="scan", version=1,
    run=lambda **given: scan.solve_scan(**given),
    config=scan.ScanConfig,
    inputs={"capture": Capture}, output=PosedImages,
)  # fmt: skip
SPLAT = Stage(
    name="splat", version=1,
    run=lambda **given: splat.fit_scene(**given),
    config=splat.SplatConfig,
    inputs={"images": PosedImages}, output=SplatScene,
)  # fmt: skip
POSE_TRACK = Stage(
    name="pose_track", version=1,
    run=lambda **given: pose_track.track_object(**given),
    config=pose_track.PoseTrackConfig,
    inputs={"capture": Capture}, output=ObjectTrack,
)  # fmt: skip
BUILD_SIM = Stage(
    name="build_sim", version=1,
    run=lambda **given: build_sim.build_sim(**given),
    config=build_sim.BuildSimConfig,
    inputs={"scene": SplatScene, "track": ObjectTrack}, output=SimWorld,
)  # fmt: skip
PPO = Stage(
    name="ppo", version=1,
    run=lambda **given: ppo.train_teacher(**given),
    config=ppo.PPOConfig,
    inputs={"sim": SimWorld}, output=TeacherPolicy,
)  # fmt: skip
RENDER_DATASET = Stage(
    name="render_dataset", version=1,
    run=lambda **given: render_dataset.render_dataset(**given),
    config=render_dataset.RenderDatasetConfig,
    inputs={"teacher": TeacherPolicy, "sim": SimWorld},
    output=EpisodeDataset,
)  # fmt: skip
COLLECT_ROLLOUTS = Stage(
    name="collect_rollouts", version=1,
    run=lambda **given: render_dataset.collect_rollouts(**given),
    config=render_dataset.RenderDatasetConfig,
    inputs={"teacher": TeacherPolicy, "sim": SimWorld},
    output=TeacherRollouts,
)  # fmt: skip
RENDER_SHARD = Stage(
    name="render_shard", version=1,
    run=lambda **given: render_dataset.render_shard(**given),
    config=render_dataset.RenderShardConfig,
    inputs={"rollouts": TeacherRollouts, "sim": SimWorld},
    output=EpisodeShard,
)  # fmt: skip
DIFFUSION = Stage(
    name="diffusion", version=1,
    run=lambda **given: diffusion.train_student(**given),
    config=diffusion.DiffusionConfig,
    inputs={"dataset": EpisodeDataset, "sim": SimWorld},
    output=StudentPolicy,
)  # fmt: skip
CALIBRATE = Stage(
    name="calibrate", version=1,
    run=lambda **given: calibrate.calibrate_student(**given),
    config=calibrate.CalibrateConfig,
    inputs={
        "student": StudentPolicy, "dataset": EpisodeDataset, "sim": SimWorld,
        "world": RealWorld,
    },
    output=StudentPolicy,
)  # fmt: skip
EVALUATE = Stage(
    name="evaluate", version=1,
    run=lambda **given: evaluate.evaluate_policies(**given),
    config=evaluate.EvaluateConfig,
    inputs={
        "teacher": TeacherPolicy, "student": StudentPolicy, "calibrated": StudentPolicy,
        "sim": SimWorld, "scene": SplatScene, "track": ObjectTrack, "images": PosedImages,
        "world": RealWorld, "truth": GroundTruth,
    },
    output=Evaluation, optional=frozenset({"calibrated", "world", "truth"}),
)  # fmt: skip

STAGES: tuple[Stage, ...] = (
    INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD, SCAN, SPLAT, POSE_TRACK, BUILD_SIM, PPO,
    RENDER_DATASET, DIFFUSION, CALIBRATE, EVALUATE,
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
