"""Teacher episodes become a dataset of pictures, proprioception and actions."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset, SimWorld, TeacherPolicy
from xsim_core.pictures import enlarged, film_strip, grid, png_bytes
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.rendering import policy_camera
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .collect import collected
from .config import RenderDatasetConfig
from .frames import EpisodeFrames

COLLECT_SHARE = 0.2
"""Of the stage's time."""
EPISODES_A_STEP = 16
"""Episodes are rendered, written and reported in steps of so many."""
MOSAIC_COLUMNS, MOSAIC_TILES = 8, 40


def render_dataset(
    teacher: OpenArtifact[TeacherPolicy],
    sim: OpenArtifact[SimWorld],
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
    world = open_sim_world(sim, scratch / "world")
    collection = collected(teacher, world, config, out, share=COLLECT_SHARE)
    episodes = collection.episodes
    ends = np.cumsum([len(e.action) for e in episodes]).astype(np.int64)
    images = out.create(
        "observation.images.front", shape=(int(ends[-1]), *config.image_hw, 3), dtype=np.uint8
    )
    cameras = np.zeros((len(episodes), 4, 4), np.float32)
    first: list[NDArray[np.uint8]] = []
    film: list[NDArray[np.uint8]] = []
    with EpisodeFrames(
        episodes, world, config, folder=scratch, num_workers=out.runtime.num_workers
    ) as frames:
        for begin in range(0, len(episodes), EPISODES_A_STEP):
            end = min(begin + EPISODES_A_STEP, len(episodes))
            rgb, poses = frames.part(begin, end)
            start = int(ends[begin - 1]) if begin else 0
            images[start : int(ends[end - 1])] = rgb
            cameras[begin:end] = poses
            local = ends[begin:end] - start
            if len(first) < MOSAIC_TILES:
                # Copies: a slice would keep the pictures of all these episodes.
                first += [rgb[i].copy() for i in (0, *local[:-1])]
            film = film or [rgb[: local[0]].copy()]
            share = COLLECT_SHARE + (1 - COLLECT_SHARE) * end / len(episodes)
            out.progress(share, {"episodes": end, "frames": int(ends[end - 1])})
    out.write("observation.state", np.concatenate([e.state for e in episodes]))
    out.write("action", np.concatenate([e.action for e in episodes]))
    out.write("env_states", np.concatenate([e.env_states for e in episodes]))
    out.write("episode_ends", ends)
    out.write("T_world_cam", cameras)
    out.write("K", policy_camera(world.assets, config.image_hw).K.astype(np.float32))
    mosaic = grid(np.stack(first[:MOSAIC_TILES]), columns=MOSAIC_COLUMNS)
    out.add_file("mosaic.png", png_bytes(enlarged(mosaic, 2, smooth=True)))
    out.add_file("film.png", png_bytes(film_strip(film)))
    return EpisodeDataset(
        task=world.task.name,
        num_episodes=len(episodes),
        num_steps=int(ends[-1]),
        num_attempts=collection.num_attempts,
        image_hw=config.image_hw,
        fps=float(world.task.control_freq_hz),
    )
