"""A policy from a dataset alone."""

from collections.abc import Mapping
from typing import Any

from xsim_core.artifacts import ArtifactRef, EpisodeDataset, SimWorld, TeacherPolicy
from xsim_core.diffusion import DiffusionConfig
from xsim_core.errors import BadInputError
from xsim_core.overrides import with_fields
from xsim_core.stage import run_stage
from xsim_core.stages import DIFFUSION
from xsim_core.storage import ArtifactStore, OpenArtifact

from .policy import Policy, load_policy
from .store import StoreLike, open_artifact, open_store


def train_policy(
    dataset: str | ArtifactRef[EpisodeDataset],
    *,
    fields: Mapping[str, Any] | None = None,
    store: StoreLike = None,
) -> Policy:
    """Train the student on a dataset: the ``diffusion`` stage, on the CPU, without a run.

    Args:
        dataset: ``RUN:STAGE``, ``kind/fingerprint``, first digits, or a ref.
        fields: of ``DiffusionConfig``, such as ``{"optim": {"num_steps": 4000}}``.
        store: where it lies; by default ``open_store()``.

    Returns:
        The policy. Trials in simulation are made where the dataset is of a world, and left out
        where it is of none.

    Raises:
        UnknownNameError: when there is no such dataset or field.
        BadInputError: when a value does not fit.
    """
    where = store if isinstance(store, ArtifactStore) else open_store(store)
    opened = open_artifact(dataset, EpisodeDataset, store=where)
    config, inputs = training_of(opened, fields or {})
    return load_policy(run_stage(DIFFUSION, config, where, inputs), store=where)


def training_of(
    dataset: OpenArtifact[EpisodeDataset], fields: Mapping[str, Any]
) -> tuple[DiffusionConfig, dict[str, ArtifactRef]]:
    """Configuration and inputs of the ``diffusion`` stage for a dataset.

    Raises:
        UnknownNameError: for a field that does not exist.
        BadInputError: when a value does not fit, or trials are asked for without a world.
    """
    worlds = [r for r in dataset.manifest.inputs.values() if r.kind == SimWorld.kind]
    if worlds:
        made = with_fields(DiffusionConfig(), fields, "diffusion")
        teachers = [r for r in dataset.manifest.inputs.values() if r.kind == TeacherPolicy.kind]
        asked = {"teacher": teachers[0]} if teachers and made.dagger is not None else {}
        return made, {"dataset": dataset.ref, "sim": worlds[0], **asked}
    made = with_fields(DiffusionConfig(), {"num_eval_episodes": 0, **fields}, "diffusion")
    if made.num_eval_episodes:
        raise BadInputError(
            f"{dataset.ref} is of no world, so there is none to try the student in "
            f"{made.num_eval_episodes} times. Leave num_eval_episodes out, or bring the dataset in "
            "with --world."
        )
    return made, {"dataset": dataset.ref}
