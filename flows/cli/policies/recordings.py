"""``xsim robot ingest``: what a robot recorded comes home as an artifact."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from flows.cli.arguments import Recordings
from flows.cli.output import print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef, RealRollouts
    from xsim_core.storage import ArtifactStore, OpenArtifact


@dataclass(frozen=True)
class RobotIngest:
    """Take in what `xsim robot run` recorded, so that `calibrate` can use it.

    Each row becomes one of one moment, what does not fit is refused, what was left out is said. The
    same recordings again are the same artifact.
    """

    recordings: Recordings
    """Folders that `xsim robot run --out` wrote, or single recordings."""
    policy: Annotated[str, arg(metavar="ARTIFACT")] = ""
    """The student that is to be calibrated with them; by default the policy that was recorded."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Take them in; print the artifact."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import RealRollouts
        from xsim_core.errors import BadInputError
        from xsim_core.files.folders import expanded

        require_packages("msgpack")
        if not self.recordings:
            raise BadInputError("xsim robot ingest takes what 'xsim robot run --out' wrote.")
        store = load_settings().open_store()
        ref = taken_in(store, [expanded(p, "a recording") for p in self.recordings], self.policy)
        return _say(store.open(ref, RealRollouts), as_json=self.json)


def _student(store: "ArtifactStore", policy: str, first: Path) -> "dict[str, ArtifactRef[Any]]":
    """The student and its world.

    Raises:
        BadInputError: when it is no image policy, or the store lacks it or its world.
    """
    from xsim_core.artifacts import SimWorld, StudentPolicy
    from xsim_core.errors import BadInputError
    from xsim_core.refs import find_ref
    from xsim_core.rollouts.recorded_policy import recorded_policy

    told = policy or recorded_policy(first)
    ref = find_ref(store, told)
    if ref.kind != StudentPolicy.kind:
        raise BadInputError(f"{ref} is no image policy: name one with --policy, as in xsim show.")
    worlds = [r for r in store.open(ref).manifest.inputs.values() if r.kind == SimWorld.kind]
    if not worlds:
        raise BadInputError(
            f"{ref} does not say in which world it was trained, so nothing says from where it "
            "looks. Name another with --policy."
        )
    return {"student": ref, "sim": worlds[0]}


def taken_in(
    store: "ArtifactStore", recordings: list[Path], policy: str
) -> "ArtifactRef[RealRollouts]":
    """The artifact of these recordings, for this policy or the one that was recorded.

    Raises:
        BadInputError: when they do not fit.
    """
    from xsim_core.rollouts import IngestRolloutsConfig
    from xsim_core.stage import run_stage
    from xsim_core.stages import INGEST_ROLLOUTS

    config = IngestRolloutsConfig.of(recordings)
    return run_stage(INGEST_ROLLOUTS, config, store, _student(store, policy, config.sources[0]))


def _say(made: "OpenArtifact[RealRollouts]", *, as_json: bool) -> int:
    outcomes = made.array("outcome").tolist()
    summary = made.summary
    if as_json:
        print_json(
            {"artifact": str(made.ref), "outcomes": outcomes, **summary.model_dump(mode="json")}
        )
        return 0
    print(f"{made.ref}")
    print(
        f"{summary.num_episodes} rollouts of {summary.task}, {summary.num_steps} rows; "
        f"{outcomes.count(1)} succeeded, {outcomes.count(0)} did not"
    )
    for note in summary.notes:
        print(f"note: {note}")
    return 0


def require_packages(*names: str, what: str = "this robot", extra: str = "robots") -> None:
    """Refuse, in one sentence, what is not installed.

    Raises:
        MissingDependencyError: where one of them is missing.
    """
    from xsim_core.errors import MissingDependencyError

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"{what} needs {', '.join(missing)}, which is not installed here. Run `make setup` "
            f"in a checkout, or pip install 'xsim[{extra}]'."
        )
