"""Stages of the real names and kinds that make tiny, plausible artifacts in milliseconds."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.artifacts import (
    ArraySpec,
    Artifact,
    ArtifactRef,
    Capture,
    EpisodeDataset,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.config import StageConfig
from xsim_core.geometry import BoardSpec
from xsim_core.stage import Stage, run_stage
from xsim_core.stages import STAGES, get_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store.payload import seal

SIZES = {
    "t": 30, "h": 24, "w": 32, "n": 12, "hp": 24, "wp": 32, "v": 8, "f": 12, "th": 4, "tw": 4,
    "hw": 48, "ww": 64, "b": 5, "p": 20, "g": 16, "c": 8, "k": 1, "s": 2, "o": 6, "i": 25, "a": 3, "e": 3, "x": 16,
    "object_pv": 8, "object_pf": 12, "object_p": 1, "scene_pv": 8, "scene_pf": 12, "scene_p": 1,
}  # fmt: skip


class ToyConfig(StageConfig):
    """Changes an artifact's identity, and how a stage behaves."""

    seed: int = 0


def sample_arrays(specs: tuple[ArraySpec, ...], rng: np.random.Generator) -> dict[str, Any]:
    """Random arrays that fulfil a contract."""
    arrays: dict[str, Any] = {}
    for spec in specs:
        if spec.optional:
            continue
        names = (
            [spec.name[:-1] + n for n in ("mean_return", "success_rate")]
            if spec.name.startswith("curve/")
            else [spec.name.replace("*", "x")]
        )
        shape = (6,) if spec.dims == "..." else tuple(_size(d) for d in spec.dims.split())
        dtype = {"float": "float32", "int": "int64", "any": "float32"}.get(spec.dtype, spec.dtype)
        for name in names:
            arrays[name] = _values(shape, np.dtype(dtype), rng)
    return arrays


def _size(dim: str) -> int:
    return int(dim) if dim.isdigit() else SIZES[dim]


def _values(shape: tuple[int, ...], dtype: np.dtype, rng: np.random.Generator) -> np.ndarray:
    if dtype.kind in "iu":
        return rng.integers(0, 200 if dtype.itemsize == 1 else 4, shape).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    return np.cumsum(rng.random(shape), axis=0).astype(dtype) / max(1, shape[0] if shape else 1)


def picture(rng: np.random.Generator, *, size: tuple[int, int] = (96, 72)) -> bytes:
    from PIL import Image

    low = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(low).resize(size, Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


RATES = tuple(
    SuccessRate(
        policy=policy,
        domain=domain,
        successes=s,
        trials=20,
        low=s / 20 * 0.8,
        high=min(1.0, s / 20 * 1.1 + 0.05),
        progress=s / 20,
    )
    for policy, domain, s in (
        ("teacher", "sim", 19),
        ("student", "sim", 15),
        ("student", "real", 8),
        ("calibrated", "real", 11),
    )
)

# ruff: noqa: C408, E501
SUMMARIES: dict[type[Artifact], dict[str, Any]] = {
    Capture: dict(
        name="toy", object_name="block", num_frames=30, num_photos=12, fps=15.0,
        board=BoardSpec(T_world_board=tuple(map(tuple, np.eye(4)))), init_frame=0, init_box_xyxy=(1, 2, 10, 12),
        notes=("colour: 1 without a partner, dropped: 3",),
    ),
    GroundTruth: dict(name="toy"),
    RealWorld: dict(name="toy"),
    PosedImages: dict(
        num_images=12, num_photos=12, reprojection_error_px=0.4, board_rms_mm=0.8,
        num_board_images=9,
    ),
    SplatScene: dict(
        num_gaussians=16, psnr_db=27.5, ssim=0.9, table_height_m=0.0, table_tilt_rad=0.001,
        mesh_num_faces=12,
    ),
    ObjectTrack: dict(
        object_name="block", num_frames=30, num_ok=28, num_segments=2, path_length_m=0.16,
        board_rms_px=0.5, backend="reference",
    ),
    SimWorld: dict(
        task="push_block", task_spec={"name": "push_block"}, object_name="block",
        object_radius_m=0.03, table_height_m=0.0, num_waypoints=4, path_length_m=0.16,
        num_object_pieces=2, num_scene_pieces=1,
    ),
    TeacherPolicy: dict(
        task="push_block", num_env_steps=1000, success_rate=0.95, num_eval_episodes=20,
        reached_threshold=True,
    ),
    EpisodeDataset: dict(
        task="push_block", num_episodes=3, num_steps=12, num_attempts=4, image_hw=(24, 32), fps=10.0
    ),
    StudentPolicy: dict(
        task="push_block", is_calibrated=False, architecture={}, num_train_steps=10,
        final_loss=0.03, figures={"success_sim": 0.75},
    ),
    RealRollouts: dict(task="push_block", num_episodes=3, num_steps=12),
    Evaluation: dict(
        task="push_block", rates=RATES, figures={"adds_auc": 95.2, "alignment_mm": 2.1},
    ),
}  # fmt: skip

FILES: dict[str, tuple[str, ...]] = {
    "ingest_capture": ("video.png",),
    "scan": ("cameras.png",),
    "splat": ("held_out_00.png", "held_out_01.png", "mesh.png"),
    "pose_track": ("overlay.gif", "trajectory.png"),
    "build_sim": ("world_top_view.png",),
    "ppo": ("learning_curve.png", "rollout.png"),
    "render_dataset": ("mosaic.png",),
    "diffusion": ("film_success.png",),
    "deploy": ("rollouts.png",),
    "calibrate": ("pairs.png",),
    "evaluate": ("film_teacher.png", "film_student.png"),
}


def toy_stage(name: str, **changes: Any) -> Stage:
    """The real stage's contract around a toy."""
    real = get_stage(name)

    def run(*, config: ToyConfig, out: Any, **inputs: Any) -> Artifact:
        rng = np.random.default_rng(config.seed)
        out.progress(0.5, {"loss": 0.25})
        out.write_all(sample_arrays(real.output.arrays, rng))
        for file in FILES.get(name, ()):
            out.add_file(file, picture(rng))
        return real.output(**SUMMARIES[real.output])

    return dataclasses.replace(real, **{"run": run, "config": ToyConfig, **changes})


PARENTS = {
    "capture": "ingest_capture", "images": "scan", "scene": "splat", "track": "pose_track",
    "sim": "build_sim", "teacher": "ppo", "dataset": "render_dataset", "student": "diffusion",
    "rollouts": "deploy", "calibrated": "calibrate", "world": "ingest_world", "truth": "ingest_truth",
}  # fmt: skip


def make_toy_run(folder: Path) -> tuple[ArtifactStore, dict[str, ArtifactRef[Any]]]:
    """A store with one artifact of every stage."""
    store = ArtifactStore((folder / "store").as_uri())
    refs: dict[str, ArtifactRef[Any]] = {}
    for stage in STAGES:
        inputs = {name: refs[PARENTS[name]] for name in stage.inputs}
        refs[stage.name] = run_stage(toy_stage(stage.name), ToyConfig(), store, inputs)
    return store, refs


OLD = {"code": "0ddc0de0ddc0", "commit": "abc1234" * 5, "uncommitted": False}


def age(store: ArtifactStore, ref: ArtifactRef[Any], made: dict[str, Any] = OLD) -> None:
    """Leave the artifact as other code would have."""
    manifest = store.manifest(ref)
    assert manifest is not None
    aged = manifest.model_copy(update={"provenance": {**manifest.provenance, **made}})
    store._objects.write(f"{ref}/manifest.json", seal(aged))
