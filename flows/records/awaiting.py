"""A run that waits for a person: to let the robot act, or to look at the object's track."""

import json
import shlex
from collections.abc import Mapping
from typing import ClassVar, Literal, cast

from xsim_core.artifacts import ArtifactRef, ObjectTrack, StudentPolicy
from xsim_core.errors import XSimError
from xsim_core.runs import FlowCall, RunRecord, RunRequest

FOLDER = "rollouts"
"""What the instruction calls the folder of recordings."""
NUM_ROLLOUTS = 10
"""As X-Sim has it, and ``deploy`` in simulation."""
EXIT_CODE = 3
"""Of a command whose run waits: neither done nor failed."""
WAITS = "waits for rollouts of a robot"


REVIEW_WAITS = "waits for a review of the object's track"


class AwaitsError(XSimError):
    """The chain goes no further until a person brings something."""

    what: ClassVar[Literal["rollouts", "review"]]


class AwaitsReviewError(AwaitsError):
    """A person should look at the track before hours are spent on it."""

    what = "review"

    def __init__(self, track: ArtifactRef[ObjectTrack]) -> None:
        super().__init__(f"the run {REVIEW_WAITS} ({track}).")
        self.track = track


class AwaitsRolloutsError(AwaitsError):
    """The chain goes no further until rollouts are brought; whoever carries it out says so."""

    what = "rollouts"

    def __init__(self, student: ArtifactRef[StudentPolicy]) -> None:
        super().__init__(f"the run {WAITS}, on which {student} acts.")
        self.student = student


def commands(request: RunRequest, name: str) -> tuple[str, str]:
    """What lets the student act and records it, and what goes on with that.

    Args:
        request: what was asked; the second command asks for the same.
        name: what the run is called.
    """
    act = f"xsim robot run --policy {name}:diffusion --out {FOLDER} --episodes {NUM_ROLLOUTS}"
    review = () if request.review == "ask" else ("--review", request.review)
    return act, shlex.join([*_again(request, name), *review, "--rollouts", FOLDER])


def review_commands(
    request: RunRequest, name: str, call: FlowCall | None = None
) -> tuple[str, str]:
    """What opens the track for review, and what goes on without one; as in ``commands``.

    Args:
        request: what was asked.
        name: what the run is called.
        call: of a part of the chain on its own, for which there is no command of ours.
    """
    look = f"xsim track review {shlex.quote(name)}"
    if call is not None:
        return look, _called(call, "skip")
    rest = ("--deploy", request.deploy) if request.deploy != "world" else ()
    return look, shlex.join([*_again(request, name), *rest, "--review", "skip"])


def _called(call: FlowCall, review: str) -> str:
    given = json.dumps({**call.parameters, "review": review})
    return shlex.join(["prefect", "deployment", "run", call.deployment, "--params", given])


def with_review(request: RunRequest, name: str, reviewed: str, call: FlowCall | None = None) -> str:
    """The command that goes on with a reviewed track.

    Args:
        request: what was asked; the command asks for the same.
        name: what the run is called; "" for a run of its own.
        reviewed: the ref of the reviewed track.
        call: as in ``review_commands``.
    """
    if call is not None:
        return _called(call, reviewed)
    rest = ["--rollouts", request.rollouts] if request.rollouts else []
    rest += ["--deploy", request.deploy] if request.deploy != "world" else []
    return shlex.join([*_again(request, name), *rest, "--review", reviewed])


def _again(request: RunRequest, name: str) -> list[str]:
    """The words of the command that asks for the same, as far as it does not wait."""
    words = ["xsim", "run", request.capture, "--preset", request.preset]
    words += ["--task", request.task] if request.task else []
    unnamed = request.model_copy(update={"name": None})
    words += ["--name", name] if name and name != unnamed.run_name else []
    settings = [f"{key}={json.dumps(value)}" for key, value in _leaves(request.overrides)]
    words += ["--set", *settings] if settings else []
    words += ["--anew", *request.anew] if request.anew else []
    return words


def instruction(record: RunRecord) -> str:
    """What a person has to do, in a sentence."""
    if record.awaits_what == "review":
        look, skip = review_commands(record.request, record.name, record.call)
        return f"{record.name} {REVIEW_WAITS}: {look}; or go on without one: {skip}"
    act, go_on = commands(record.request, record.name)
    return (
        f"{record.name} {WAITS}. Let the student act on yours: {act} --driver DRIVER; then go on: "
        f"{go_on}"
    )


def _leaves(fields: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    """``stage.field`` and value, inwards along the dots, as ``--set`` takes them."""
    found: list[tuple[str, object]] = []
    for name, value in fields.items():
        inside = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        found += _leaves(inside, f"{before}{name}.") if inside else [(f"{before}{name}", value)]
    return found
