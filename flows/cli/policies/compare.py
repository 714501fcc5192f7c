"""``xsim robot evaluate``: two policies on a robot from the same starts, until it is decided."""

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.output import print_json

from .on_robot import OnRobot
from .recordings import require_packages, taken_in

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef, Evaluation, RealRollouts
    from xsim_core.robots.rollout import RolloutResult
    from xsim_core.storage import ArtifactStore, OpenArtifact

NAMES = ("current", "candidate")


@dataclass(frozen=True, kw_only=True)
class RobotEvaluate(OnRobot):
    """Compare two policies on a robot by the sequential test that nightly retraining uses.

    Two policies act in turns from the same starts until the test decides, or --episodes pairs were
    tried. Two folders that `xsim robot run` wrote are compared as they are. What comes of it is an
    evaluation like any other.
    """

    current: Annotated[Positional[str], arg(metavar="CURRENT")]
    """A policy as in `xsim show`, or a folder of recordings, or what was taken in of it."""
    candidate: Annotated[Positional[str], arg(metavar="CANDIDATE")]
    """The same of the policy that may replace it."""
    out: Annotated[str, arg(metavar="FOLDER")] = ""
    """For the recordings of two policies; made anew."""
    episodes: Annotated[int, arg(metavar="N")] = 30
    """Starts at most; both are tried from each."""

    def run(self) -> int:
        """Act where asked to, take in, compare."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import Evaluation
        from xsim_core.rollouts import CompareRolloutsConfig
        from xsim_core.stage import run_stage
        from xsim_core.stages import COMPARE_ROLLOUTS

        require_packages("msgpack")
        store = load_settings().open_store()
        given = [_recorded(store, text) for text in (self.current, self.candidate)]
        if not any(given):
            given = self._acted(store)
        current, candidate = self._both(given)
        inputs = {"current": current, "candidate": candidate}
        ref = run_stage(COMPARE_ROLLOUTS, CompareRolloutsConfig(), store, inputs)
        return self._told(store.open(ref, Evaluation))

    def _both(
        self, given: "list[ArtifactRef[RealRollouts] | None]"
    ) -> "tuple[ArtifactRef[RealRollouts], ArtifactRef[RealRollouts]]":
        from xsim_core.errors import BadInputError

        current, candidate = given
        if current is None or candidate is None:
            raise BadInputError(
                f"'{self.current}' and '{self.candidate}' are not of a kind: two policies, or two "
                "folders of recordings."
            )
        return current, candidate

    def _acted(self, store: "ArtifactStore") -> "list[ArtifactRef[RealRollouts] | None]":
        """Let both act, record it, and take it in."""
        import tempfile

        from xsim_core.errors import BadInputError
        from xsim_core.promotion import decide
        from xsim_core.robots.pairs import run_pairs

        if not self.out:
            raise BadInputError("two policies act and are recorded: say where with --out FOLDER.")
        folder = self.check(self.episodes, self.out)
        seeds = range(self.first_seed, self.first_seed + self.episodes)

        def is_decided(old: list[bool], new: list[bool]) -> bool:
            return decide(old, new).action != "continue"

        with (
            tempfile.TemporaryDirectory() as scratch,
            self._both_act(store, folder, Path(scratch)) as attempt,
        ):
            run_pairs(attempt, seeds, is_decided=is_decided)
        return [taken_in(store, [folder / name], "") for name in NAMES]

    @contextlib.contextmanager
    def _both_act(
        self, store: "ArtifactStore", folder: Path, scratch: Path
    ) -> "Generator[Callable[[int, int], RolloutResult]]":
        """One attempt of either policy on the robot, as a function of which and of the seed."""
        from xsim_core.refs import find_ref
        from xsim_core.robots.rollout import run_rollout
        from xsim_core.robots.session import PolicyOnRobot, recording_path, warm_up

        policies = [
            PolicyOnRobot(store, find_ref(store, text), scratch / name)
            for name, text in zip(NAMES, (self.current, self.candidate), strict=True)
        ]
        for policy in policies:
            warm_up(policy)
        with self.connected() as robot:
            setups = [self.setup(policy, robot) for policy in policies]

            def attempt(which: int, seed: int) -> "RolloutResult":
                path = recording_path(folder / NAMES[which], seed)
                think = policies[which].thinker(seed)
                result = run_rollout(setups[which], think, seed=seed, path=path)
                self._say(which, seed, result)
                return result

            yield attempt

    def _say(self, which: int, seed: int, result: "RolloutResult") -> None:
        if self.json:
            return
        why = f" ({result.why})" if result.why else ""
        print(f"  seed {seed}, {NAMES[which]}: {result.outcome}{why}")
        sys.stdout.flush()

    def _told(self, made: "OpenArtifact[Evaluation]") -> int:
        summary = made.summary
        if self.json:
            print_json({"artifact": str(made.ref), **summary.model_dump(mode="json")})
            return 0
        for rate in summary.rates:
            print(
                f"  {rate.policy:<10} {rate.successes}/{rate.trials} succeed, 95 % interval "
                f"{rate.low:.2f}–{rate.high:.2f}"
            )
        for note in summary.notes:
            print(f"note: {note}")
        print(made.ref)
        return 0


def _recorded(store: "ArtifactStore", text: str) -> "ArtifactRef[RealRollouts] | None":
    """The artifact of a folder of recordings, or the one named; None for a policy's name.

    Raises:
        UnknownNameError, BadInputError: when it is the name of nothing, or of something else.
    """
    from xsim_core.artifacts import RealRollouts, StudentPolicy
    from xsim_core.errors import BadInputError
    from xsim_core.files.folders import expanded
    from xsim_core.refs import find_ref

    path = expanded(text, "a folder of recordings")
    if path.exists():
        return taken_in(store, [path], "")
    ref = find_ref(store, text)
    if ref.kind == RealRollouts.kind:
        return ref.of(RealRollouts)
    if ref.kind != StudentPolicy.kind:
        raise BadInputError(f"{ref} is neither an image policy nor rollouts of one.")
    return None
