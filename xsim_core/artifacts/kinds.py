"""The kinds of artifact that stages exchange, and the arrays each payload holds."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.geometry.board_spec import Board
from xsim_core.geometry.symmetry_spec import ObjectSymmetry
from xsim_core.geometry.tag_spec import Matrix4

from .base import Artifact
from .schema import ArraySpec as S

_MESH = (
    S("object/vertices", "float32", "v 3", "object mesh in its own frame, metres"),
    S("object/faces", "int32", "f 3", "triangles"),
    S("object/uv", "float32", "v 2", "texture coordinates, v up"),
    S("object/texture", "uint8", "th tw 3", "RGB"),
    S(
        "object/is_seen",
        "bool",
        "v",
        "of a mesh made from the film: vertices where a frame measured the surface; else a guess",
        optional=True,
    ),
)


class Capture(Artifact):
    """What a person brings: an RGB-D video, photos of the room, an object mesh, a printed board."""

    kind: ClassVar[str] = "capture"
    arrays: ClassVar[tuple[S, ...]] = (
        S("video/rgb", "uint8", "t h w 3", "RGB"),
        S("video/depth_mm", "uint16", "t h w", "aligned to colour; 0 is no measurement"),
        S("video/timestamps_s", "float64", "t", "seconds"),
        S("video/K", "float64", "3 3", "of the colour camera, pixels"),
        S(
            "camera/T_world_cam",
            "float64",
            "t 4 4",
            "of a video camera that moves, in every frame; of a still one there is none",
            optional=True,
        ),
        S("camera/has_pose", "bool", "t", "frames in which it was found", optional=True),
        S("photos", "uint8", "n hp wp 3", "RGB"),
        S(
            "photo_poses/T_given_cam",
            "float64",
            "n 4 4",
            "as they came, in a frame and unit of their own",
            optional=True,
        ),
        S("photo_poses/K", "float64", "3 3", "of these photos, pixels", optional=True),
        S("room/means", "float32", "g 3", "Gaussians of a room that was brought", optional=True),
        S(
            "room/quats_wxyz",
            "float32",
            "g 4",
            "their discs span the first two axes",
            optional=True,
        ),
        S("room/scales", "float32", "g 2", "standard deviations, metres", optional=True),
        S("room/opacities", "float32", "g", "in (0, 1)", optional=True),
        S("room/sh0", "float32", "g 3", "colours, degree 0", optional=True),
        *_MESH,
        S("track/T", "float64", "t 4 4", "poses that were brought; identity: none", optional=True),
        S("track/has_pose", "bool", "t", "frames for which one was brought", optional=True),
    )
    name: str
    object_name: str
    num_frames: int
    num_photos: int
    room: Literal["photos", "film", "file"] = "photos"
    """What gives the room: photos, the video itself where there are none, or ``room/``."""
    metres_per_unit: float | None = None
    """Of the poses that came with the photos, where it was stated."""
    T_world_poses: Matrix4 | None = None
    """Pose (4, 4) of their frame, likewise."""
    fps: float
    board: Board | None = None
    """What is printed and lies at a known place, where there is such a thing."""
    T_world_cam: Matrix4 | None = None
    """Pose (4, 4) of the video camera, where it was stated or guessed; of one that moves that of
    ``init_frame``."""
    world: Literal["robot", "table"] = "robot"
    """``table``: the robot's place is a guess; the origin lies on the table under the object."""
    init_frame: int
    init_box_xyxy: tuple[float, float, float, float]
    """Where the object is in ``init_frame``, pixels."""
    box_from: Literal["drawn", "click", "motion"] = "drawn"
    """Who says so: a person's box, a person's click, or what stands still there and moves later."""
    is_mesh_coloured: bool = True
    """False where the mesh says too little about how the object looks: the tracker learns it."""
    mesh_from: Literal["file", "film"] = "file"
    """film: none was brought, and the object was reconstructed from the video; its frame is then
    the reconstruction's own."""
    mesh_seen_share: float | None = None
    """Of such a mesh's area, what any frame measured; the rest is a guess."""
    symmetry: ObjectSymmetry | None = None
    """How the object can be turned without looking different; None where it cannot."""
    track_frame: Literal["camera", "robot", "unknown"] | None = None
    """The frame of ``track/T``; None where no track was brought."""
    notes: tuple[str, ...] = ()
    """What was guessed, dropped or mended while the files were read; a sentence each."""


class GroundTruth(Artifact):
    """What only a synthesiser knows. No stage but ``evaluate`` declares this kind as an input."""

    kind: ClassVar[str] = "ground_truth"
    arrays: ClassVar[tuple[S, ...]] = (
        S("T_world_object", "float64", "t 4 4", "in every frame"),
        S("T_world_cam", "float64", "4 4", "the video camera"),
        S("camera/T_world_cam", "float64", "t 4 4", "of one that moves", optional=True),
        S("photo/T_world_cam", "float64", "n 4 4", "of every photo"),
        S("photo/K", "float64", "3 3", "pixels"),
        S("visible_fraction", "float32", "t", "unoccluded share of the object's pixels"),
    )
    retired = frozenset({"symmetric"})
    name: str


class RealWorld(Artifact):
    """The world to deploy into: a sealed handle that only ``xsim_core.world`` may open."""

    kind: ClassVar[str] = "real_world"
    arrays: ClassVar[tuple[S, ...]] = (
        S("spec_json", "uint8", "b", "UTF-8 of the WorldSpec"),
        *_MESH,
    )
    name: str


class PosedImages(Artifact):
    """Images of the empty room with metric camera poses in the robot-base frame."""

    kind: ClassVar[str] = "posed_images"
    arrays: ClassVar[tuple[S, ...]] = (
        S("images", "uint8", "n h w 3", "undistorted RGB"),
        S("T_world_cam", "float64", "n 4 4", "of every image"),
        S("K", "float64", "3 3", "of all images, pixels"),
        S("photo_index", "int64", "n", "index into the capture's photos; -1 is of the film"),
        S("is_held_out", "bool", "n", "every 8th: never trained on"),
        S("points_world", "float32", "p 3", "triangulated points"),
        S("points_rgb", "uint8", "p 3", "their colours"),
    )
    num_images: int
    num_photos: int
    reprojection_error_px: float | None = None
    """None where nothing was triangulated: the film gives points by its depth."""
    board_rms_mm: float | None = None
    """Residual of the similarity that brings triangulated board corners to the board; None where
    no board was looked for in these images."""
    num_board_images: int
    notes: tuple[str, ...] = ()
    """Where the room comes from if not from photos, and what was never seen."""


class SplatScene(Artifact):
    """The room: 2D Gaussians in the robot-base frame, a mesh and collision geometry."""

    kind: ClassVar[str] = "splat_scene"
    arrays: ClassVar[tuple[S, ...]] = (
        S("means", "float32", "g 3", "centres, world frame, metres"),
        S("quats_wxyz", "float32", "g 4", "unit; the disc spans the first two axes"),
        S("scales", "float32", "g 2", "metres, standard deviations along the disc's axes"),
        S("opacities", "float32", "g", "in (0, 1)"),
        S("sh0", "float32", "g 3", "degree-0 spherical harmonics: rgb = 0.5 + 0.2820948 sh0"),
        S("mesh/vertices", "float32", "v 3", "world frame, metres"),
        S("mesh/faces", "int32", "f 3", "triangles"),
        S("mesh/rgb", "uint8", "v 3", "a colour a vertex"),
        S("collision/vertices", "float32", "c 3", "convex pieces, concatenated"),
        S("collision/piece_ends", "int64", "k", "end of each piece in collision/vertices"),
        S("background_rgb", "float32", "3", "colour where no Gaussian is, in [0, 1]"),
    )
    num_gaussians: int
    psnr_db: float
    """Mean over held-out photos."""
    ssim: float
    table_height_m: float
    """Height of the support plane at the workspace; the plane is taken as horizontal."""
    table_tilt_rad: float
    mesh_num_faces: int
    is_one_viewpoint: bool = False
    """Held-out images are then of the place that the others are of."""
    notes: tuple[str, ...] = ()
    """What the held-out figures do not tell."""


class ObjectTrack(Artifact):
    """The object's motion in the robot-base frame, with per-frame evidence, and its mesh."""

    kind: ClassVar[str] = "object_track"
    arrays: ClassVar[tuple[S, ...]] = (
        S("T_world_object", "float64", "t 4 4", "smoothed"),
        S("T_cam_object", "float64", "t 4 4", "as tracked, in each frame's own camera"),
        S("status", "int8", "t", "0 ok, 1 occluded, 2 interpolated, 3 lost"),
        S("score", "float32", "t", "verification score in [0, 1]"),
        S("timestamps_s", "float64", "t", "seconds"),
        S("segments", "int64", "s 2", "[first, last] frames in which the object moves"),
        S(
            "contacts",
            "int64",
            "c 2",
            "[first, last] frames in which something is seen to touch it",
            optional=True,
        ),
        S("gap_m", "float32", "t", "to what is nearest to it; NaN: nothing is", optional=True),
        S("T_world_cam", "float64", "4 4", "the video camera; of one that moves in init_frame"),
        S("K", "float64", "3 3", "of the video camera, pixels"),
        S("image_hw", "int64", "2", "size of its images, pixels"),
        *_MESH,
    )
    object_name: str
    num_frames: int
    num_ok: int
    num_segments: int
    path_length_m: float
    board_rms_px: float | None = None
    """Of the board in the video; none where the camera's pose was stated or guessed."""
    backend: str
    is_mesh_coloured: bool = True
    """As the capture's."""
    mesh_from: Literal["file", "film"] = "file"
    """As the capture's."""
    symmetry: ObjectSymmetry | None = None
    """As the capture's; of poses that look alike the track has those nearest to each other."""
    first_pose_quality: float | None = None
    """How well the first pose covers what is measured in the capture's box, in [0, 1]."""
    runner_up_margin: float | None = None
    """By how much the best of the other poses there fits worse: 0 cannot be told apart."""
    runner_up_distance_m: float | None = None
    """How far that pose is from the first (ADD)."""
    support_plane: tuple[float, float, float, float] | None = None
    """What is measured round the object's box in ``init_frame``, where that is a plane: unit normal
    and offset, world frame, metres (``normal . p = offset``)."""
    contacts_s: tuple[tuple[float, float], ...] | None = None
    """When something touches the object, from the film's first frame on; None where that was not
    looked for: the camera moves, or older code made the track."""
    passes_apart_m: float | None = None
    """How far tracking forward and backward disagree (ADD, 95th percentile); None where the film
    was tracked once."""
    verdict: Literal["pass", "review", "fail"] | None = None
    """Whether it is good enough to learn from, as its maker judged it (``xsim_core.verdicts``)."""
    notes: tuple[str, ...] = ()
    """Why the verdict, when the object was lost, and which frames tell nothing."""


_PIECES = tuple(
    spec
    for of in ("object", "scene")
    for spec in (
        S(f"{of}_pieces/vertices", "float64", f"{of}_pv 3", "convex pieces, concatenated; metres"),
        S(f"{of}_pieces/faces", "int64", f"{of}_pf 3", "from 0 in each piece"),
        S(f"{of}_pieces/vertex_ends", "int64", f"{of}_p", "end of each piece in vertices"),
        S(f"{of}_pieces/face_ends", "int64", f"{of}_p", "end of each piece in faces"),
    )
)


class SimWorld(Artifact):
    """The simulator's world: object, obstacles, start and goals of the task, and the background."""

    kind: ClassVar[str] = "sim_world"
    arrays: ClassVar[tuple[S, ...]] = (
        *_MESH,
        *_PIECES,
        S("T_world_object_start", "float64", "4 4", "nominal start"),
        S("T_world_waypoints", "float64", "n 4 4", "goals in order; the last is the task's"),
        S("start_qpos", "float64", "9", "arm and fingers before noise; radians, metres"),
        S("workspace", "float64", "2 3", "lower and upper corner of the commanded TCP's box"),
        S("object_centre", "float64", "3", "centre of mass in the object's frame"),
        S("T_world_cam", "float64", "4 4", "the video camera"),
        S("K", "float64", "3 3", "of the video camera, pixels"),
        S("image_hw", "int64", "2", "of the video, pixels"),
        S("background/means", "float32", "g 3", "2D Gaussians of the room, world frame"),
        S("background/quats_wxyz", "float32", "g 4", "the disc spans the first two axes"),
        S("background/scales", "float32", "g 2", "standard deviations, metres"),
        S("background/opacities", "float32", "g", "in (0, 1)"),
        S("background/rgb", "float32", "g 3", "in [0, 1]"),
        S("background/behind_rgb", "float32", "3", "colour where no Gaussian is, in [0, 1]"),
    )
    task: str
    task_spec: dict[str, Any]
    """The ``TaskSpec`` fields."""
    object_name: str
    object_radius_m: float
    """Mean distance of the mesh's vertices from the centre of mass."""
    table_height_m: float
    num_waypoints: int
    path_length_m: float
    """Of the object's centre, from the start over the waypoints."""
    num_object_pieces: int
    num_scene_pieces: int
    mesh_from: Literal["file", "film"] = "file"
    """As the capture's; of one that the film gave no other world knows the frame."""
    is_mesh_coloured: bool = True
    """As the capture's: whoever tracks with the mesh learns its colours where this is False."""
    notes: tuple[str, ...] = ()
    """What speaks against the track that it was built from, and who took it all the same."""


class TeacherPolicy(Artifact):
    """A privileged-state policy: an MLP's weights and the observation normaliser."""

    kind: ClassVar[str] = "teacher_policy"
    arrays: ClassVar[tuple[S, ...]] = (
        S("weights/*", "float32", "...", "actor, critic and standard deviation"),
        S("obs_mean", "float32", "o", "of the observations in training"),
        S("obs_var", "float32", "o", "of the observations in training"),
        S("curve/*", "float", "i", "learning curves, one value an iteration"),
    )
    task: str
    num_env_steps: int
    success_rate: float
    """Deterministic policy on evaluation seeds that training never saw."""
    num_eval_episodes: int
    reached_threshold: bool


class EpisodeDataset(Artifact):
    """Episodes concatenated over time; LeRobot's keys, diffusion_policy's ``episode_ends``."""

    kind: ClassVar[str] = "episode_dataset"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "RGB"),
        S("observation.state", "float32", "n s", "proprioception: TCP, yaw, gripper; or as named"),
        S("action", "float32", "n a", "commanded after observing the row; ours in [-1, 1]"),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
        S("env_states", "float32", "n x", "simulator state before the action", optional=True),
        S("T_world_cam", "float32", "e 4 4", "of each episode", optional=True),
        S("K", "float32", "3 3", "pixels", optional=True),
    )
    task: str
    num_episodes: int
    num_steps: int
    num_attempts: int
    """Teacher rollouts that were needed; the rest failed and were dropped."""
    image_hw: tuple[int, int]
    fps: float
    state_names: tuple[str, ...] = ()
    """Of one that was brought, what its numbers are called; () are those of X-Sim's robot."""
    action_names: tuple[str, ...] = ()
    """Likewise; () are the task's."""
    instruction: str = ""
    """Likewise, in words; "" is made from the task's name."""
    robot: str = "panda"
    notes: tuple[str, ...] = ()
    """What was picked, left or changed when it was brought."""


class TeacherRollouts(Artifact):
    """Successful rollouts without pictures: what shards of one dataset are rendered from."""

    kind: ClassVar[str] = "teacher_rollouts"
    arrays: ClassVar[tuple[S, ...]] = (
        S("seeds", "int64", "e", "what camera, light and noise each episode draws"),
        S("env_states", "float32", "n x", "simulator state before the action"),
        S("state", "float32", "n s", "proprioception"),
        S("action", "float32", "n a", "commanded, in [-1, 1]"),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
    )
    task: str
    num_episodes: int
    num_attempts: int


class EpisodeShard(Artifact):
    """The pictures of some consecutive episodes of a dataset that several workers render."""

    kind: ClassVar[str] = "episode_shard"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "RGB"),
        S("episode_ends", "int64", "e", "within this shard"),
        S("T_world_cam", "float32", "e 4 4", "of each episode"),
    )
    first_episode: int
    num_episodes: int


class StudentPolicy(Artifact):
    """An image-conditioned diffusion policy: network weights (EMA) and normaliser."""

    kind: ClassVar[str] = "student_policy"
    arrays: ClassVar[tuple[S, ...]] = (
        S("weights/*", "float32", "...", "of the network, by name"),
        S("normalizer/*", "float32", "...", "ranges of state and action"),
        S("curve/*", "float", "...", "training curves"),
        S(
            "pairs/*",
            "any",
            "...",
            "trusted pairs of all calibrations so far, from which the next one goes on",
            optional=True,
        ),
    )
    task: str
    is_calibrated: bool
    architecture: dict[str, Any]
    """The ``StudentArchitecture`` fields that rebuild the network."""
    num_train_steps: int
    final_loss: float
    figures: dict[str, float] = Field(default_factory=dict)
    """Further key figures of the stage, for people."""
    notes: tuple[str, ...] = ()
    """What people should know of it, such as why a calibration was not applied."""


class RealRollouts(Artifact):
    """Rollouts recorded on the robot, failures included."""

    kind: ClassVar[str] = "real_rollouts"
    arrays: ClassVar[tuple[S, ...]] = (
        S("observation.images.front", "uint8", "n h w 3", "what the policy saw, RGB"),
        S("observation.images.wide", "uint8", "n hw ww 3", "the camera's larger picture, RGB"),
        S(
            "observation.depth_mm",
            "uint16",
            "n hw ww",
            "aligned to the larger picture; 0 is no measurement",
            optional=True,
        ),
        S("observation.state", "float32", "n s", "proprioception"),
        S("observation.qpos", "float32", "n 9", "from the encoders: seven joints, two fingers"),
        S("action", "float32", "n a", "commanded after observing the row, in [-1, 1]"),
        S(
            "time_s",
            "float64",
            "n",
            "when each row's pictures were taken, since the episode's first; absent where a row is "
            "a control step",
            optional=True,
        ),
        S("episode_ends", "int64", "e", "one past the last row of each episode"),
        S("seeds", "int64", "e", "of the starts"),
        S(
            "outcome",
            "int8",
            "e",
            "1 it succeeded, 0 it did not, -1 unknown, as somebody at the robot saw it; in a "
            "simulated world nobody may know",
            optional=True,
        ),
        S("T_world_cam", "float64", "4 4", "the nominal camera, as calibrated"),
        S("K", "float64", "3 3", "of what the policy saw, pixels"),
        S("K_wide", "float64", "3 3", "of the larger picture, pixels"),
    )
    task: str
    num_episodes: int
    num_steps: int
    notes: tuple[str, ...] = ()
    """What was dropped or mended when they were taken in."""


class SuccessRate(FrozenModel):
    """Successes out of trials with a 95 % interval: Wilson's; over worlds ``nested_interval``'s."""

    policy: str
    domain: str
    successes: int
    trials: int
    low: float
    high: float
    progress: float
    """Mean staged task progress in [0, 1]: approach, contact or grasp, complete; a third each."""


class Evaluation(Artifact):
    """Success, progress and errors against truth, with their uncertainty."""

    kind: ClassVar[str] = "evaluation"
    arrays: ClassVar[tuple[S, ...]] = (
        S(
            "success/*",
            "bool",
            "...",
            "per seed, one array a policy and domain; (w, t) over worlds",
        ),
        S("progress/*", "float32", "...", "per seed, in [0, 1]"),
        S("error/*", "float", "...", "per-frame errors against ground truth", optional=True),
    )
    task: str
    rates: tuple[SuccessRate, ...]
    figures: dict[str, float]
    """Errors against truth: ``add_auc``, ``adds_auc``, ``alignment_mm``, ``alignment_deg`` …"""
    notes: tuple[str, ...] = ()
    """What people should know of it, such as what a test between two policies says."""


class GapRung(Artifact):
    """Trials of a student where some things are as in simulation and others as in the world."""

    kind: ClassVar[str] = "gap_rung"
    arrays: ClassVar[tuple[S, ...]] = (
        S("success", "bool", "w t", "per world and seed; one world where none are drawn"),
        S("progress", "float32", "w t", "per world and seed, in [0, 1]"),
    )
    task: str
    factors: tuple[str, ...]
    """What is as in the world; all else is as in simulation."""
    successes: int
    trials: int
    num_worlds: int
    """Drawn worlds; 0 for the world to deploy into."""


KINDS: dict[str, type[Artifact]] = {
    k.kind: k
    for k in (
        Capture,
        GroundTruth,
        RealWorld,
        PosedImages,
        SplatScene,
        ObjectTrack,
        SimWorld,
        TeacherPolicy,
        TeacherRollouts,
        EpisodeShard,
        EpisodeDataset,
        StudentPolicy,
        RealRollouts,
        Evaluation,
        GapRung,
    )
}
