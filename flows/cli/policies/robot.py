"""``xsim robot run``: a policy acts on a robot, and every rollout is recorded."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from flows.cli.output import print_json

from .on_robot import OnRobot, limits_of

if TYPE_CHECKING:
    from xsim_core.robots.rollout import RolloutResult
    from xsim_core.robots.session import PolicyOnRobot


@dataclass(frozen=True, kw_only=True)
class RobotRun(OnRobot):
    """Let a policy act on a robot, through the safety layer, and record every rollout.

    What is recorded lies in --out, a file each rollout, whole up to its last step whatever
    happens. Ctrl-C brings the robot to rest first.
    """

    policy: Annotated[str, arg(metavar="ARTIFACT")]
    """RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    out: Annotated[str, arg(metavar="FOLDER")]
    """For the recordings and summary.json; made anew."""
    episodes: Annotated[int, arg(metavar="N")] = 1
    """How many rollouts."""

    def run(self) -> int:
        """Connect, act, record."""
        import tempfile

        from tasks.settings import load_settings
        from xsim_core.refs import find_ref

        folder = self.check(self.episodes, self.out)
        from xsim_core.robots.session import PolicyOnRobot

        store = load_settings().open_store()
        with tempfile.TemporaryDirectory() as scratch:
            policy = PolicyOnRobot(store, find_ref(store, self.policy), Path(scratch))
            summary = self._act(policy, folder)
        if self.json:
            print_json(summary)
        else:
            print(
                f"{summary['successes']} of {summary['rollouts']} succeed, 95 % interval "
                f"{summary['low']:.2f} to {summary['high']:.2f}; recorded in {folder}"
            )
        return 0 if all(r["outcome"] in ("success", "failure") for r in summary["each"]) else 1

    def _act(self, policy: "PolicyOnRobot", folder: Path) -> dict[str, Any]:
        import json

        from xsim_core.robots.session import run_session
        from xsim_core.scratch import write_text

        limits_of(policy, self.limit)  # What is no limit is refused before a robot is started.
        with self.connected() as robot:
            setup = self.setup(policy, robot)
            seeds = [*range(self.first_seed, self.first_seed + self.episodes)]
            summary = run_session(policy, setup, seeds, folder, say=self._say)
            if robot.person is not None:
                robot.person.is_done()  # With it comes how much time the robot left out.
                summary |= {"clock_slipped_s": robot.person.slipped_s}
        write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
        return summary

    def _say(self, seed: int, result: "RolloutResult") -> None:
        if self.json:
            return
        think = result.figures["picture_to_chunk_ms"].get("p50", float("nan"))
        why = f" ({result.why})" if result.why else ""
        print(
            f"  seed {seed}: {result.outcome}{why} after {result.num_steps} steps; picture to "
            f"chunk {think:.0f} ms"
        )
        sys.stdout.flush()
