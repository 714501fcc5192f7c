"""The stages, in order. ``STAGES`` is the registry: a stage that is not there does not exist.

``run`` and ``config`` are names: a stage's code, and with it torch, is imported when it runs, its
configuration when it is planned. Looking at runs and artifacts needs neither.
"""

from .artifacts import (
    Capture,
    EpisodeDataset,
    EpisodeShard,
    Evaluation,
    GapRung,
    GroundTruth,
    Manifest,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
    TeacherRollouts,
)
from .errors import UnknownNameError
from .stage import FanOut, Section, Stage

INGEST_CAPTURE = Stage(
    name="ingest_capture", version=1,
    run="xsim_core.capture:ingest_capture",
    config="xsim_core.capture:IngestConfig",
    inputs={}, output=Capture,
    title="Read what a person brings: video, photos, mesh and board.",
    section=Section(
        "The capture",
        "What a person brings: an RGB-D video, photos of the room, a mesh of the object and a "
        "printed board.",
    ),
)  # fmt: skip
INGEST_TRUTH = Stage(
    name="ingest_truth", version=1,
    run="xsim_core.capture:ingest_truth",
    config="xsim_core.capture:IngestConfig",
    inputs={}, output=GroundTruth,
    title="Read the synthesiser's truth, which only evaluate may open.",
    in_report=False,
)  # fmt: skip
INGEST_WORLD = Stage(
    name="ingest_world", version=1,
    run="xsim_core.capture:ingest_world",
    config="xsim_core.capture:IngestConfig",
    inputs={}, output=RealWorld,
    title="Seal the world to deploy into.",
    in_report=False,
)  # fmt: skip
SCAN = Stage(
    name="scan", version=1,
    run="xsim_core.scan:solve_scan",
    config="xsim_core.scan:ScanConfig",
    inputs={"capture": Capture}, output=PosedImages,
    title="Camera poses of the photos, in metres and the robot's frame.",
    seed="seed",
    section=Section(
        "Camera poses",
        "Structure from motion over the photos; the printed board gives metres and the robot's "
        "frame. Where there are no photos, the film with hand and object taken out.",
    ),
)  # fmt: skip
SPLAT = Stage(
    name="splat", version=1,
    run="xsim_core.splat:fit_scene",
    config="xsim_core.splat:SplatConfig",
    inputs={"images": PosedImages}, output=SplatScene,
    title="2D Gaussians, mesh and collision geometry of the room.",
    seed="seed",
    section=Section(
        "The room, reconstructed",
        "2D Gaussians fitted to the posed photos, a surface mesh from them, and collision "
        "geometry. Every eighth photo is held out.",
    ),
)  # fmt: skip
POSE_TRACK = Stage(
    name="pose_track", version=3,
    run="xsim_core.pose_track:track_object",
    config="xsim_core.pose_track:PoseTrackConfig",
    inputs={"capture": Capture}, output=ObjectTrack,
    title="The object's motion through the video, in the robot's frame.",
    section=Section(
        "The human video, understood",
        "The object's 6D pose in every frame, smoothed on SE(3), cut into motion segments and "
        "brought into the robot's frame.",
    ),
)  # fmt: skip
REVIEW_TRACK = Stage(
    name="review_track", version=1,
    run="xsim_core.pose_track:review_track",
    config="xsim_core.pose_track:ReviewConfig",
    inputs={"capture": Capture, "track": ObjectTrack}, output=ObjectTrack,
    title="The object's motion as a person left it: accepted, cut, or tracked again from poses "
    "that the person set.",
    section=Section(
        "The track, reviewed",
        "A person looked at the track, cut what is not to be believed, set poses from which the "
        "film was tracked again, or accepted it; and says why.",
    ),
)  # fmt: skip
BUILD_SIM = Stage(
    name="build_sim", version=1,
    run="xsim_core.build_sim:build_sim",
    config="xsim_core.build_sim:BuildSimConfig",
    inputs={"scene": SplatScene, "track": ObjectTrack}, output=SimWorld,
    title="The simulator's world: start, waypoints, collision pieces, background and task.",
    section=Section(
        "The simulator's world",
        "What the object's motion and the room become for a task: where it starts, the "
        "waypoints to pass, the gripper's workspace, and what stands in the way.",
    ),
)  # fmt: skip
PPO = Stage(
    name="ppo", version=1,
    run="xsim_core.ppo:train_teacher",
    config="xsim_core.ppo:PPOConfig",
    inputs={"sim": SimWorld}, output=TeacherPolicy,
    title="A privileged-state teacher, rewarded for moving the object as the person did.",
    seed="seed", on_device=True,
    section=Section(
        "The teacher",
        "Privileged-state PPO in the reconstructed scene, rewarded for moving the object as "
        "the person did.",
    ),
)  # fmt: skip
COLLECT_ROLLOUTS = Stage(
    name="collect_rollouts", version=1,
    run="xsim_core.render_dataset:collect_rollouts",
    config="xsim_core.render_dataset:RenderDatasetConfig",
    inputs={"teacher": TeacherPolicy, "sim": SimWorld},
    output=TeacherRollouts,
    title="The teacher's successes without pictures, for shards to render.",
    seed="seed",
)  # fmt: skip
RENDER_SHARD = Stage(
    name="render_shard", version=1,
    run="xsim_core.render_dataset:render_shard",
    config="xsim_core.render_dataset:RenderShardConfig",
    inputs={"rollouts": TeacherRollouts, "sim": SimWorld},
    output=EpisodeShard,
    title="The pictures of some of a dataset's episodes.",
    seed="seed",
)  # fmt: skip
RENDER_DATASET = Stage(
    name="render_dataset", version=1,
    run="xsim_core.render_dataset:render_dataset",
    config="xsim_core.render_dataset:RenderDatasetConfig",
    inputs={"teacher": TeacherPolicy, "sim": SimWorld},
    output=EpisodeDataset,
    title="The teacher's successes, rendered under many cameras, lights and starts.",
    seed="seed",
    fan_out=FanOut(
        COLLECT_ROLLOUTS, RENDER_SHARD, count="num_episodes", unit="episodes",
        gather="xsim_core.render_dataset:gather_shards",
    ),
    section=Section(
        "The dataset",
        "The teacher's successes, rendered from stored states under randomised cameras, lights "
        "and starts.",
    ),
)  # fmt: skip
DIFFUSION = Stage(
    name="diffusion", version=1,
    run="xsim_core.diffusion:train_student",
    config="xsim_core.diffusion:DiffusionConfig",
    inputs={"dataset": EpisodeDataset, "sim": SimWorld, "teacher": TeacherPolicy},
    output=StudentPolicy, optional=frozenset({"sim", "teacher"}),
    title="An image-conditioned diffusion policy.",
    seed="seed", on_device=True,
    section=Section(
        "The student",
        "A diffusion policy that sees only camera images and the robot's own joints.",
    ),
)  # fmt: skip
DEPLOY = Stage(
    name="deploy", version=1,
    run="xsim_core.deploy:deploy_student",
    config="xsim_core.deploy:DeployConfig",
    inputs={"student": StudentPolicy, "sim": SimWorld, "world": RealWorld},
    output=RealRollouts,
    title="Rollouts of the student in the world to deploy into, failures included.",
    seed="seed",
    section=Section(
        "Deployed",
        "The student in the world to deploy into, as the robot itself records it: no truth, and "
        "nobody says which attempts succeeded.",
    ),
)  # fmt: skip
CALIBRATE = Stage(
    name="calibrate", version=1,
    run="xsim_core.calibrate:calibrate_student",
    config="xsim_core.calibrate:CalibrateConfig",
    inputs={
        "student": StudentPolicy, "dataset": EpisodeDataset, "sim": SimWorld,
        "rollouts": RealRollouts, "teacher": TeacherPolicy,
    },
    output=StudentPolicy, optional=frozenset({"teacher"}),
    title="Carry the student over to the robot's own camera.",
    seed="seed", on_device=True,
    section=Section(
        "Calibration in the world to deploy into",
        "The rollouts are replayed in simulation, where the teacher is asked what it would do; "
        "the student learns that from what the robot's own camera showed.",
    ),
)  # fmt: skip
EVALUATE = Stage(
    name="evaluate", version=1,
    run="xsim_core.evaluate:evaluate_policies",
    config="xsim_core.evaluate:EvaluateConfig",
    inputs={
        "teacher": TeacherPolicy, "student": StudentPolicy, "calibrated": StudentPolicy,
        "sim": SimWorld, "scene": SplatScene, "track": ObjectTrack, "images": PosedImages,
        "world": RealWorld, "truth": GroundTruth, "rollouts": RealRollouts,
    },
    output=Evaluation, optional=frozenset({"calibrated", "world", "truth", "rollouts"}),
    title="Success, progress and errors against truth, each with its uncertainty.",
    seed="seed",
    section=Section(
        "Evaluation",
        "Paired seeds for every policy, success and staged progress with 95 % Wilson intervals.",
    ),
)  # fmt: skip

STAGES: tuple[Stage, ...] = (
    INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD, SCAN, SPLAT, POSE_TRACK, BUILD_SIM, PPO,
    RENDER_DATASET, DIFFUSION, DEPLOY, CALIBRATE, EVALUATE,
)  # fmt: skip

GAP_RUNG = Stage(
    name="gap_rung", version=1,
    run="xsim_core.gap:measure_rung",
    config="xsim_core.gap:GapRungConfig",
    inputs={"student": StudentPolicy, "sim": SimWorld, "world": RealWorld},
    output=GapRung,
    title="A student's success where some things are as in simulation, others as in the world.",
    seed="seed",
)  # fmt: skip

INGEST_ROLLOUTS = Stage(
    name="ingest_rollouts", version=2,
    run="xsim_core.rollouts:ingest_rollouts",
    config="xsim_core.rollouts:IngestRolloutsConfig",
    inputs={"student": StudentPolicy, "sim": SimWorld},
    output=RealRollouts,
    title="Recordings of a robot, checked, each row of one moment.",
    section=Section(
        "Deployed on a robot",
        "Rollouts that somebody brought: what was recorded on a robot, failures included.",
    ),
)  # fmt: skip

INGEST_EPISODES = Stage(
    name="ingest_episodes", version=1,
    run="xsim_core.importers:ingest_episodes",
    config="xsim_core.importers:IngestEpisodesConfig",
    inputs={"sim": SimWorld}, output=EpisodeDataset,
    optional=frozenset({"sim"}),
    title="Somebody's demonstrations, from a dataset of another tool.",
)  # fmt: skip

COMPARE_ROLLOUTS = Stage(
    name="compare_rollouts", version=1,
    run="xsim_core.rollouts:compare_rollouts",
    config="xsim_core.rollouts:CompareRolloutsConfig",
    inputs={"current": RealRollouts, "candidate": RealRollouts},
    output=Evaluation,
    title="Two policies on a robot from the same starts, and which is to be used.",
)  # fmt: skip

SIDE_STAGES: tuple[Stage, ...] = (
    *(part for s in STAGES if s.fan_out for part in (s.fan_out.collect, s.fan_out.shard)),
    REVIEW_TRACK,
    GAP_RUNG,
    INGEST_ROLLOUTS,
    INGEST_EPISODES,
    COMPARE_ROLLOUTS,
)
"""Beside the chain: what stages are cut into where several workers share them (``flows.fan_out``),
what a person makes of a track, what is measured of a finished run (``flows.gaps``), what takes the
place of ``deploy`` where rollouts are brought, what takes that of ``render_dataset`` where
demonstrations are, and what compares rollouts of two policies."""


def get_stage(name: str) -> Stage:
    """The stage of this name.

    Raises:
        UnknownNameError: when there is none.
    """
    for stage in (*STAGES, *SIDE_STAGES):
        if stage.name == name:
            return stage
    raise UnknownNameError("stage", name, [s.name for s in STAGES])


def other_maker(manifest: Manifest) -> str:
    """In words, the code that made an artifact, where it is not the code of its stage here.

    "" where it is, and for stages that are not known here.
    """
    found = next((s for s in (*STAGES, *SIDE_STAGES) if s.name == manifest.stage), None)
    return found.other_maker(manifest) if found is not None else ""
