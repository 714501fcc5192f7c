"""A dataset of another tool as an artifact."""

from collections.abc import Sequence
from pathlib import Path

from xsim_core.artifacts import ArtifactRef, SimWorld
from xsim_core.files.folders import expanded
from xsim_core.importers import IngestEpisodesConfig, Picks
from xsim_core.refs import find_ref
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_EPISODES
from xsim_core.storage import ArtifactStore

from .dataset import Dataset, load_dataset
from .store import StoreLike, open_store


def import_dataset(
    folder: str | Path,
    *,
    camera: str = "",
    state: Sequence[str] = ("observation.state",),
    action: Sequence[str] = ("action",),
    instruction: Sequence[str] = (),
    task: str = "",
    image_hw: tuple[int, int] | None = None,
    world: str | ArtifactRef[SimWorld] | None = None,
    store: StoreLike = None,
) -> Dataset:
    """Take in a LeRobot dataset (3.0 or 2.1). The same bytes and picks are the same artifact.

    Args:
        folder: holds ``meta/info.json``.
        camera: a feature with pictures; by default the only one.
        state: features whose numbers are the state, joined in this order; ``FEATURE:NAME,NAME``
            takes some of a feature's numbers.
        action: likewise.
        instruction: take the episodes of these alone.
        task: what the dataset is for; by default made of its instruction, or the world's.
        image_hw: height and width of its pictures; by default the student's, at their own aspect.
        world: the ``SimWorld`` whose task the dataset is of, as ``RUN:build_sim`` or a ref.
        store: by default ``open_store()``.

    Returns:
        The dataset. ``summary.notes`` says what was picked, left and changed.

    Raises:
        BadInputError: for everything that does not fit, with the mend.
        UnknownNameError: when there is no such world.
    """
    where = store if isinstance(store, ArtifactStore) else open_store(store)
    picks = Picks(
        camera=camera,
        state=tuple(state),
        action=tuple(action),
        instruction=tuple(instruction),
        task=task,
        image_hw=image_hw,
    )
    inputs: dict[str, ArtifactRef] = {}
    if world is not None:
        inputs["sim"] = find_ref(where, world) if isinstance(world, str) else world
    config = IngestEpisodesConfig.of(expanded(str(folder), "the dataset"), picks)
    return load_dataset(run_stage(INGEST_EPISODES, config, where, inputs), store=where)
