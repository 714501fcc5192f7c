"""The ladder of a run: which artifacts its rungs are, kept as ``gaps/<run>.json``."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from xsim_core.artifacts import ArtifactRef, GapRung, StudentPolicy
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.gap import (
    Gap,
    GapRungConfig,
    Ladder,
    Rung,
    found_gap,
    ladder_of,
)
from xsim_core.refs import find_ref
from xsim_core.runs import RunRecord
from xsim_core.stage import output_ref
from xsim_core.stages import CALIBRATE, DIFFUSION, GAP_RUNG, INGEST_WORLD
from xsim_core.storage import ArtifactStore, OpenArtifact, read_record

STUDENTS = {"student": DIFFUSION.name, "calibrated": CALIBRATE.name}
"""Names of a run's policies, and the stage that made each."""


class LadderRecord(FrozenModel):
    """One ladder, begun or gone through."""

    policy: str
    """As a person calls it."""
    inputs: dict[str, ArtifactRef]
    """Of every rung."""
    config: GapRungConfig
    """Of every rung but for its factors."""
    ladder: Ladder
    rungs: tuple[ArtifactRef[GapRung], ...]
    """In the order of ``Ladder.rungs``; a sweep keeps those that are there."""

    def ref(self, rung: Rung) -> ArtifactRef[GapRung]:
        """The artifact of a rung, made or to be made."""
        return output_ref(GAP_RUNG, self.config_of(rung), self.inputs)

    def config_of(self, rung: Rung) -> GapRungConfig:
        """The configuration by which a rung is made."""
        return GapRungConfig.model_validate({**dict(self.config), "factors": rung.factors})


class GapRecord(FrozenModel):
    """The ladders of a run; one a policy and kind of world."""

    ladders: dict[str, LadderRecord] = Field(default_factory=dict)


def plan_ladder(
    store: ArtifactStore, record: RunRecord, *, policy: str, asked: tuple[str, ...], **tried: int
) -> LadderRecord:
    """The ladder of a run's policy between its simulation and its world.

    Args:
        store: where the run's artifacts lie.
        record: the run.
        policy: ``student``, ``calibrated``, or an artifact as in ``xsim show``.
        asked: which factors, in this order; all that differ when empty.
        tried: fields of ``GapRungConfig``.

    Raises:
        BadInputError: when the run has no world to deploy into, or not come so far, or nothing
            differs.
        UnknownNameError: for a policy or factor that does not exist.
    """
    if INGEST_WORLD.name not in record.stages:
        raise BadInputError(
            f"run '{record.name}' has no world to deploy into, so there is no gap to measure: only "
            "captures with a world have one ('xsim capture synthesize' makes such)."
        )
    if "build_sim" not in record.stages:
        raise BadInputError(f"run '{record.name}' has no simulation yet (build_sim). Run it first.")
    inputs = {
        "student": _student(store, record, policy),
        "sim": record.stages["build_sim"],
        "world": record.stages[INGEST_WORLD.name],
    }
    config = GapRungConfig.model_validate(tried)
    ladder = ladder_of(_differing(store, inputs, config), asked)
    planned = LadderRecord(policy=policy, inputs=inputs, config=config, ladder=ladder, rungs=())
    refs = tuple(planned.ref(rung) for rung in ladder.rungs())
    return planned.model_copy(update={"rungs": refs})


def _student(store: ArtifactStore, record: RunRecord, policy: str) -> ArtifactRef[StudentPolicy]:
    stage = STUDENTS.get(policy)
    if stage is not None and stage not in record.stages:
        raise BadInputError(f"run '{record.name}' has no '{policy}' yet ({stage}). Run it first.")
    try:
        ref = record.stages[stage] if stage else find_ref(store, policy)
    except UnknownNameError as error:
        raise UnknownNameError("policy", policy, STUDENTS) from error
    if ref.kind != StudentPolicy.kind:
        raise BadInputError(f"{ref} is no image policy: 'diffusion' and 'calibrate' make them.")
    return ref.of(StudentPolicy)


def _differing(
    store: ArtifactStore, inputs: dict[str, ArtifactRef], config: GapRungConfig
) -> tuple[Any, ...]:
    from xsim_core.artifacts import RealWorld, SimWorld
    from xsim_core.gap import both_places, differing
    from xsim_core.sim.open import open_sim_world
    from xsim_core.world import open_world

    with tempfile.TemporaryDirectory() as place:
        sim = open_sim_world(store.open(inputs["sim"], SimWorld), Path(place, "sim"))
        world = open_world(store.open(inputs["world"], RealWorld))
        return differing(*both_places(sim, world, config, Path(place, "world")))


def keep_ladder(store: ArtifactStore, run: str, planned: LadderRecord) -> None:
    """Note what a ladder's rungs are called; one of the same policy and worlds is replaced."""
    before = read_record(store, f"gaps/{run}.json", GapRecord) or GapRecord()
    worlds = planned.config.num_worlds
    key = f"{planned.policy}, {worlds} drawn worlds" if worlds else planned.policy
    record = GapRecord(ladders={**before.ladders, key: planned})
    store.put_record(f"gaps/{run}.json", record.model_dump(mode="json"))


def whole_ladders(store: ArtifactStore, run: RunRecord) -> list[LadderRecord]:
    """The ladders between this simulation and this world whose rungs are all there."""
    kept = read_record(store, f"gaps/{run.name}.json", GapRecord) or GapRecord()
    ends = (run.stages.get("build_sim"), run.stages.get(INGEST_WORLD.name))
    return [
        one
        for one in kept.ladders.values()
        if (one.inputs["sim"], one.inputs["world"]) == ends
        and all(store.manifest(ref) is not None for ref in one.rungs)
    ]


def read_gap(
    store: ArtifactStore, one: LadderRecord
) -> tuple[Gap, Callable[[Rung], OpenArtifact[GapRung]]]:
    """What a whole ladder says, and what opens its rungs."""

    def rung_of(rung: Rung) -> OpenArtifact[GapRung]:
        return store.open(one.ref(rung), GapRung)

    return found_gap(one.ladder, rung_of, policy=one.policy), rung_of
