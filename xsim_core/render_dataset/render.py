"""Teacher episodes become a dataset of pictures, proprioception and actions."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset, ObjectTrack, SplatScene, TeacherPolicy
from xsim_core.errors import QualityGateError
from xsim_core.policies.teacher import load_teacher
from xsim_core.sim.assets import SimAssets, build_assets
from xsim_core.sim.backgrounds import SplatBackground
from xsim_core.sim.render_pool import RenderPool
from xsim_core.sim.rendering import policy_camera
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .collect import Collection, collect_episodes
from .config import RenderDatasetConfig
from .pictures import film_strip, mosaic

COLLECT_SHARE = 0.2
"""Of the stage's time."""
EPISODES_PER_PART = 16
"""Rendered episodes are kept for resuming in parts of so many."""


def render_dataset(
    teacher: OpenArtifact[TeacherPolicy],
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    *,
    config: RenderDatasetConfig,
    out: ArtifactWriter,
) -> EpisodeDataset:
    """Roll out the teacher, keep what succeeds, render it under random cameras and lights.

    Raises:
        QualityGateError: when too few rollouts succeed.
        MissingDependencyError: when nothing here can render.
    """
    scratch = out.scratch()
    assets = build_assets(scene, track, config.task, scratch / "assets")
    collection = _collected(teacher, assets, config, out)
    episodes = collection.episodes
    ends = np.cumsum([len(e.action) for e in episodes]).astype(np.int64)
    images = out.create(
        "observation.images.front", shape=(int(ends[-1]), *config.image_hw, 3), dtype=np.uint8
    )
    cameras = np.zeros((len(episodes), 4, 4), np.float32)
    first: list[NDArray[np.uint8]] = []
    strip: NDArray[np.uint8] | None = None
    background = SplatBackground.write(scene, scratch / "assets")
    with _Frames(assets, background, collection, config, out) as frames:
        for begin in range(0, len(episodes), EPISODES_PER_PART):
            end = min(begin + EPISODES_PER_PART, len(episodes))
            rgb, poses = frames.part(begin, end)
            start = int(ends[begin - 1]) if begin else 0
            images[start : int(ends[end - 1])] = rgb
            cameras[begin:end] = poses
            local = ends[begin:end] - start
            first += [rgb[i] for i in (0, *local[:-1])]
            strip = rgb[: local[0]] if strip is None else strip
            share = COLLECT_SHARE + (1 - COLLECT_SHARE) * end / len(episodes)
            out.progress(share, {"episodes": end, "frames": int(ends[end - 1])})
    out.write("observation.state", np.concatenate([e.state for e in episodes]))
    out.write("action", np.concatenate([e.action for e in episodes]))
    out.write("env_states", np.concatenate([e.env_states for e in episodes]))
    out.write("episode_ends", ends)
    out.write("T_world_cam", cameras)
    out.write("K", policy_camera(assets, config.image_hw).K.astype(np.float32))
    out.add_file("mosaic.png", mosaic(np.stack(first)))
    if strip is not None:
        out.add_file("film.png", film_strip(strip))
    return EpisodeDataset(
        task=config.task.name, num_episodes=len(episodes), num_steps=int(ends[-1]),
        num_attempts=collection.num_attempts, image_hw=config.image_hw,
        fps=float(config.task.control_freq_hz),
    )  # fmt: skip


def _collected(
    teacher: OpenArtifact[TeacherPolicy],
    assets: SimAssets,
    config: RenderDatasetConfig,
    out: ArtifactWriter,
) -> Collection:
    """Rollouts, from scratch where an earlier try left them."""
    path = out.scratch() / "rollouts.npz"
    if path.exists():
        return Collection.load(path)

    def report(successes: int, attempts: int) -> None:
        done = max(successes / config.num_episodes, attempts / config.max_attempts)
        rate = successes / max(attempts, 1)
        out.progress(COLLECT_SHARE * min(done, 1.0), {"episodes": successes, "success_rate": rate})

    collection = collect_episodes(
        load_teacher(teacher), assets, config, num_workers=out.runtime.num_workers, progress=report
    )
    if len(collection.episodes) < config.min_episodes:
        raise QualityGateError(
            f"{len(collection.episodes)} of {collection.num_attempts} teacher rollouts succeeded, "
            f"fewer than min_episodes = {config.min_episodes}. Train {teacher.ref} longer "
            "(ppo.num_env_steps), or lower action_noise."
        )
    collection.save(path)
    return collection


class _Frames:
    """Rendered parts, from scratch where an earlier try left them; renderers start when needed."""

    def __init__(
        self,
        assets: SimAssets,
        background: SplatBackground,
        collection: Collection,
        config: RenderDatasetConfig,
        out: ArtifactWriter,
    ) -> None:
        self._make_pool = lambda: RenderPool(
            assets, background, domain=config.domain, num_workers=out.runtime.num_workers,
            image_hw=config.image_hw,
        )  # fmt: skip
        self._episodes, self._folder = collection.episodes, out.scratch()
        self._pool: RenderPool | None = None

    def part(self, begin: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Pictures (t, h, w, 3) and cameras (e, 4, 4) of episodes ``begin`` to ``end``."""
        path = self._folder / f"frames_{begin:05d}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as arrays:
                return arrays["rgb"], arrays["T_world_cam"]
        self._pool = self._pool or self._make_pool()
        some = self._episodes[begin:end]
        rendered = dict(self._pool.render([e.seed for e in some], [e.env_states for e in some]))
        rgb = np.concatenate([rendered[i].rgb for i in range(len(some))])
        cameras = np.stack([rendered[i].T_world_cam for i in range(len(some))])
        _write_atomically(path, rgb=rgb, T_world_cam=cameras)
        return rgb, cameras

    def __enter__(self) -> "_Frames":
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.close()


def _write_atomically(path: Path, **arrays: NDArray[np.generic]) -> None:
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    draft.replace(path)
