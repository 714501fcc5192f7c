"""``xsim robot ingest``: what a robot recorded comes home as an artifact."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from flows.cli.arguments import NO_TEXTS, Features, Instructions, Recordings
from flows.cli.output import print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef, RealRollouts
    from xsim_core.rollouts.picks import RolloutPicks
    from xsim_core.storage import ArtifactStore, OpenArtifact


@dataclass(frozen=True)
class RobotIngest:
    """Take in what `xsim robot run` recorded, or a LeRobot dataset of a Panda's rollouts.

    `calibrate` and `evaluate` can use it then. Each row becomes one of one moment, what does not
    fit is refused, what was left out is said. The same recordings again are the same artifact.
    """

    recordings: Recordings
    """Folders that `xsim robot run --out` wrote, or single recordings; or one LeRobot dataset (3.0
    or 2.1), a folder with meta/info.json."""
    policy: Annotated[str, arg(metavar="ARTIFACT")] = ""
    """The student that is to be calibrated with them; by default the policy that was recorded."""
    camera: Annotated[str, arg(metavar="FEATURE")] = ""
    """Of a dataset: the pictures; by default the only camera there is."""
    state: Features = NO_TEXTS
    """Of a dataset: x y z of the TCP, sine and cosine of its yaw, the gripper's opening (0 to 1).
    By default observation.state where it is called so, else what the joints say."""
    joints: Features = NO_TEXTS
    """Of a dataset: a Panda's seven joints in radians, and both fingers in metres; by default qpos
    or observation.qpos. calibrate needs them."""
    action: Features = NO_TEXTS
    """Of a dataset: the task's actions; by default action."""
    depth: Annotated[str, arg(metavar="FEATURE")] = ""
    """Of a dataset: uint16 or 16-bit PNG, millimetres, aligned to the pictures; by default depth_mm
    or observation.depth_mm. calibrate needs it."""
    outcome: Annotated[str, arg(metavar="FEATURE")] = ""
    """Of a dataset: a number a row, 1 where it succeeded; by default outcome or next.success."""
    instruction: Instructions = NO_TEXTS
    """Of a dataset: take the episodes of these instructions alone."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Take them in; print the artifact."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import RealRollouts
        from xsim_core.errors import BadInputError
        from xsim_core.files.folders import expanded

        if not self.recordings:
            raise BadInputError("xsim robot ingest takes what 'xsim robot run --out' wrote.")
        store = load_settings().open_store()
        paths = [expanded(p, "a recording") for p in self.recordings]
        return _say(
            store.open(taken_in(store, paths, self.policy, self._picks()), RealRollouts),
            as_json=self.json,
        )

    def _picks(self) -> "RolloutPicks":
        from xsim_core.rollouts.picks import RolloutPicks

        return RolloutPicks(
            camera=self.camera,
            state=tuple(self.state),
            joints=tuple(self.joints),
            action=tuple(self.action),
            depth=self.depth,
            outcome=self.outcome,
            instruction=tuple(self.instruction),
        )


def _student(store: "ArtifactStore", policy: str, first: Path) -> "dict[str, ArtifactRef]":
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
    store: "ArtifactStore",
    recordings: list[Path],
    policy: str,
    picks: "RolloutPicks | None" = None,
) -> "ArtifactRef[RealRollouts]":
    """The artifact of these recordings, for this policy or the one that was recorded.

    Raises:
        BadInputError: when they do not fit.
    """
    from xsim_core.rollouts import IngestRolloutsConfig
    from xsim_core.stage import run_stage
    from xsim_core.stages import INGEST_ROLLOUTS

    config = IngestRolloutsConfig.of(recordings, picks)
    if config.dataset is None:
        require_packages("msgpack")
    else:
        require_packages("pyarrow", what="a LeRobot dataset", extra="export")
    return run_stage(INGEST_ROLLOUTS, config, store, _student(store, policy, config.sources[0]))


def _say(made: "OpenArtifact[RealRollouts]", *, as_json: bool) -> int:
    is_known = "outcome" in made.array_names
    outcomes: list[int] = made.array("outcome").tolist() if is_known else []
    summary = made.summary
    if as_json:
        print_json(
            {"artifact": str(made.ref), "outcomes": outcomes, **summary.model_dump(mode="json")}
        )
        return 0
    print(f"{made.ref}")
    counted = f"{outcomes.count(1)} succeeded, {outcomes.count(0)} did not"
    print(
        f"{summary.num_episodes} rollouts of {summary.task}, {summary.num_steps} rows; "
        f"{counted if is_known else 'nobody said which succeeded'}"
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
