"""Commands that go the whole way: ``demo`` and ``run``."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from flows.cli.arguments import (
    NO_TEXTS,
    CaptureFolder,
    Device,
    Name,
    Preset,
    Settings,
    Stages,
    Task,
    ask_for_device,
    parse_overrides,
)
from flows.cli.output import print_json

if TYPE_CHECKING:
    from tasks.settings import Settings as HomeSettings

    from .launch import Outcome


@dataclass(frozen=True)
class Demo:
    """The whole chain on a capture made here: one human video in, an evaluated policy out.

    Synthesises an RGB-D recording of a hand moving an object, photos of the room and a world to
    deploy into; reconstructs, trains, calibrates and evaluates; prints the path of a report. Takes
    some 25 minutes on two idle cores the first time and seconds afterwards.
    """

    preset: Literal["demo", "debug"] = "demo"
    """demo; debug (tiny sizes, minutes, proves only that every stage runs)."""
    set: Settings = NO_TEXTS
    """Fields over the preset, such as ppo.num_env_steps=200000, diffusion.optim.num_steps=4000 or
    task.horizon=50. The values are YAML."""
    device: Device = ""
    """Where ppo, diffusion and calibrate compute: cpu, cuda:0 (or another number), or auto, which
    is a GPU where there is one. XSIM_DEVICE where it is not given, and cpu without either."""
    prefect: bool = True
    """Whether the Prefect server, started when needed, records and shows the run. With the flag
    --no-prefect it runs in this process alone."""
    json: bool = False
    """Print JSON on standard output; progress goes to standard error."""

    def run(self) -> int:
        """Synthesise if needed, then run."""
        from flows.cli.progress import Display
        from flows.sources import synthesise_demo
        from tasks.settings import load_settings
        from xsim_core.runs import RunRequest

        from .launch import alone, launch

        ask_for_device(self.device)
        settings = load_settings()
        _check_disk(settings.home)
        overrides = parse_overrides(self.set)
        settings.open_store().check_answers()
        with Display(["synthesize"]) as display:
            lock = settings.home / "locks" / f"capture {self.preset}.lock"
            with alone(lock, display.note):
                folder = synthesise_demo(settings, display, preset=self.preset)
            request = RunRequest(capture=str(folder), preset=self.preset, overrides=overrides)
            outcome = launch(request, settings, display, use_prefect=self.prefect)
        return _print_outcome(outcome, as_json=self.json)


@dataclass(frozen=True)
class Run:
    """The whole chain on your capture: a folder with a capture.yaml (`xsim capture init`).

    Running again with the same capture and settings continues after the last finished stage.
    """

    capture: CaptureFolder
    """The capture's folder."""
    preset: Preset = "demo"
    """demo (two cores), debug (tiny) or full (the paper's sizes; needs a GPU)."""
    task: Task = ""
    """A task's name, or a YAML file of yours: a new task needs no Python."""
    name: Name = ""
    """What to call the run; by default the capture's name and the preset's."""
    set: Settings = NO_TEXTS
    """Fields over the preset, such as ppo.num_env_steps=200000, diffusion.optim.num_steps=4000 or
    task.horizon=50. The values are YAML."""
    rollouts: Annotated[str, arg(metavar="FOLDER|ARTIFACT")] = ""
    """Rollouts of the student to calibrate with, in place of deploying it: a folder that `xsim
    robot run` wrote, or what `xsim robot ingest` made of it."""
    deploy: Literal["world", "robot"] = "world"
    """Where the student acts: in the capture's simulated world, if it has one, or on a robot. Then
    the run waits when the student is made, and says what to do; --rollouts goes on."""
    review: Annotated[str, arg(metavar="ask|skip|ARTIFACT")] = "ask"
    """Of the object's track: ask (the run waits where its verdict says that a person should look),
    skip, or what `xsim track review` made."""
    until: Annotated[str, arg(metavar="STAGE")] = ""
    """The last stage to carry out, with those that it needs (pose_track needs neither scan nor
    splat); all of them by default."""
    anew: Stages = NO_TEXTS
    """A stage to make by the code as it is now, though the store has what other code made of the
    same; those after it follow where its content changed. A run of its own: the other one stays."""
    device: Device = ""
    """Where ppo, diffusion and calibrate compute: cpu, cuda:0 (or another number), or auto, which
    is a GPU where there is one. XSIM_DEVICE where it is not given, and cpu without either."""
    prefect: bool = True
    """Whether the Prefect server, started when needed, records and shows the run. With the flag
    --no-prefect it runs in this process alone."""
    json: bool = False
    """Print JSON on standard output; progress goes to standard error."""

    def run(self) -> int:
        """Run."""
        from flows.cli.progress import Display
        from tasks.settings import load_settings
        from xsim_core.runs import RunRequest

        from .launch import launch

        ask_for_device(self.device)
        settings = load_settings()
        _check_disk(settings.home)
        request = RunRequest(
            name=self.name or None,
            capture=str(Path(self.capture).absolute()),
            preset=self.preset,
            task=self.task or None,
            overrides=parse_overrides(self.set),
            anew=dict.fromkeys(self.anew, ""),
            rollouts=_brought(settings, self.rollouts),
            deploy=self.deploy,
            review=_reviewed(settings, self.review),
        )
        with Display([]) as display:
            outcome = launch(
                request, settings, display, use_prefect=self.prefect, until=self.until or None
            )
        return _print_outcome(outcome, as_json=self.json)


def _brought(settings: "HomeSettings", text: str) -> str | None:
    """Rollouts as a request says them: a path in full, or a whole ref."""
    if not text:
        return None
    path = Path(text).expanduser()
    if path.exists():
        return str(path.absolute())
    from xsim_core.errors import BadInputError
    from xsim_core.refs import find_ref

    if text.startswith(("/", ".", "~")):
        raise BadInputError(f"--rollouts {text}: there is no such folder or file.")

    return str(find_ref(settings.open_store(), text))


def _reviewed(settings: "HomeSettings", text: str) -> str:
    """What a request says of the track's review: a word, or a whole ref."""
    if text in ("ask", "skip"):
        return text
    from xsim_core.refs import find_ref

    return str(find_ref(settings.open_store(), text))


def _check_disk(home: Path) -> None:
    import shutil

    from flows.cli.doctor.checks import MIN_FREE_DISK_GB
    from xsim_core.errors import BadInputError

    home.mkdir(parents=True, exist_ok=True)
    free_gb = shutil.disk_usage(home).free / 1e9
    if free_gb < MIN_FREE_DISK_GB:
        raise BadInputError(
            f"{home} has {free_gb:.1f} GB free; a run needs {MIN_FREE_DISK_GB:.0f}. "
            "Free some space, or set XSIM_HOME to another disk."
        )


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    record = outcome.record
    return {
        "run": record.name,
        "state": record.state,
        "awaits": record.awaits,
        "report": str(outcome.report),
        "stages": {stage: str(ref) for stage, ref in record.stages.items()},
        "other_code": record.other_code,
        "num_reused": outcome.num_reused,
        "elapsed_s": outcome.elapsed_s,
        "ui": record.flow_run_url or outcome.ui_url,
    }


def _print_outcome(outcome: "Outcome", *, as_json: bool) -> int:
    from flows.prefect_server.server import auth_path
    from flows.records.awaiting import EXIT_CODE
    from tasks.settings import load_settings

    record = outcome.record
    if as_json:
        print_json(_as_json(outcome))
        return EXIT_CODE if record.awaits else 0
    print(
        f"{len(record.stages)} stages, {outcome.num_reused} reused, {outcome.elapsed_s:.1f} s",
        file=sys.stderr,
    )
    for line in _rates(record):
        print(line, file=sys.stderr)
    if url := record.flow_run_url or outcome.ui_url:
        print(f"run:    {url}", file=sys.stderr)
        if (sign_in := auth_path(load_settings().home)).is_file():
            print(f"        sign in with the line in {sign_in}", file=sys.stderr)
    print(f"report: {outcome.report}")
    if record.awaits:
        print(record.awaits)
    return EXIT_CODE if record.awaits else 0


def _rates(record: Any) -> list[str]:
    from tasks.settings import load_settings

    if "evaluate" not in record.stages:
        return []
    summary = load_settings().open_store().open(record.stages["evaluate"]).summary
    return [
        f"  {r.policy:<12} {r.domain:<8} {r.successes}/{r.trials} succeed, "
        f"95 % interval {r.low:.2f}–{r.high:.2f}, progress {r.progress:.2f}"
        for r in summary.rates
    ]
