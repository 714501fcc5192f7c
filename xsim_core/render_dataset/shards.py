"""One dataset rendered by several workers: rollouts once, then a shard of the pictures for each.

The shards of a dataset are work that ``render_dataset`` need not do again. They are put where it
keeps its own work for the next try, so what it makes does not depend on how many there were.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.artifacts import EpisodeShard, SimWorld, TeacherPolicy, TeacherRollouts
from xsim_core.errors import BadInputError
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.render_pool import RenderedEpisode
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .collect import Collection, collected
from .config import RenderDatasetConfig, RenderShardConfig
from .frames import EpisodeFrames, keep_episode

EPISODES_A_STEP = 4
"""Progress is told after so many."""


def collect_rollouts(
    teacher: OpenArtifact[TeacherPolicy],
    sim: OpenArtifact[SimWorld],
    *,
    config: RenderDatasetConfig,
    out: ArtifactWriter,
) -> TeacherRollouts:
    """The rollouts that ``render_dataset`` would collect.

    Raises:
        QualityGateError: when too few rollouts succeed.
    """
    world = open_sim_world(sim, out.scratch() / "world")
    collection = collected(teacher, world, config, out, share=1.0)
    out.write_all(collection.arrays())
    return TeacherRollouts(
        task=world.task.name,
        num_episodes=len(collection.episodes),
        num_attempts=collection.num_attempts,
    )


def render_shard(
    rollouts: OpenArtifact[TeacherRollouts],
    sim: OpenArtifact[SimWorld],
    *,
    config: RenderShardConfig,
    out: ArtifactWriter,
) -> EpisodeShard:
    """The pictures of this shard's episodes.

    Raises:
        BadInputError: when there are fewer episodes than shards.
        MissingDependencyError: when nothing here can render.
    """
    episodes = read_rollouts(rollouts).episodes
    begin, end = config.episodes_of(len(episodes))
    if begin == end:
        raise BadInputError(
            f"{len(episodes)} episodes cannot be spread over {config.num_shards} shards; "
            "set XSIM_RENDER_SHARDS to fewer."
        )
    folder = out.scratch()
    world = open_sim_world(sim, folder / "world")
    ends = np.cumsum([len(e.action) for e in episodes[begin:end]]).astype(np.int64)
    images = out.create(
        "observation.images.front", shape=(int(ends[-1]), *config.image_hw, 3), dtype=np.uint8
    )
    cameras = np.zeros((end - begin, 4, 4), np.float32)
    with EpisodeFrames(
        episodes, world, config, folder=folder, num_workers=out.runtime.num_workers
    ) as frames:
        row = 0
        for first in range(begin, end, EPISODES_A_STEP):
            last = min(first + EPISODES_A_STEP, end)
            rgb, cameras[first - begin : last - begin] = frames.part(first, last)
            images[row : row + len(rgb)] = rgb
            row += len(rgb)
            out.progress((last - begin) / (end - begin), {"episodes": last - begin, "frames": row})
    out.write("episode_ends", ends)
    out.write("T_world_cam", cameras)
    return EpisodeShard(first_episode=begin, num_episodes=end - begin)


def read_rollouts(rollouts: OpenArtifact[TeacherRollouts]) -> Collection:
    """The episodes of an artifact of ``collect_rollouts``."""
    arrays = {spec.name: rollouts.array(spec.name) for spec in TeacherRollouts.arrays}
    return Collection.from_arrays(arrays, num_attempts=rollouts.summary.num_attempts)


def gather_shards(
    rollouts: OpenArtifact[TeacherRollouts],
    shards: Sequence[OpenArtifact[EpisodeShard]],
    folder: Path,
) -> None:
    """Put what several workers made where the next try of ``render_dataset`` finds it.

    Args:
        rollouts: what the shards were rendered from.
        shards: in any order.
        folder: the scratch folder of the dataset's fingerprint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    read_rollouts(rollouts).save(folder)
    for shard in shards:
        pictures: Any = shard.group["observation.images.front"]
        cameras, begin = shard.array("T_world_cam"), 0
        for k, (end, camera) in enumerate(zip(shard.array("episode_ends"), cameras, strict=True)):
            rgb = np.asarray(pictures[begin:end])
            keep_episode(folder, shard.summary.first_episode + k, RenderedEpisode(rgb, camera))
            begin = end
