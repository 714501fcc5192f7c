"""A run whose student is made and whose robot has not acted yet: what a person has to do."""

import json
import shlex
from collections.abc import Mapping
from typing import cast

from xsim_core.artifacts import ArtifactRef, StudentPolicy
from xsim_core.errors import XSimError
from xsim_core.runs import RunRecord, RunRequest

FOLDER = "rollouts"
"""What the instruction calls the folder of recordings."""
NUM_ROLLOUTS = 10
"""As X-Sim has it, and ``deploy`` in simulation."""
EXIT_CODE = 3
"""Of a command whose run waits: neither done nor failed."""
WAITS = "waits for rollouts of a robot"


class AwaitsRolloutsError(XSimError):
    """The chain goes no further until rollouts are brought; whoever carries it out says so."""

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
    words = ["xsim", "run", request.capture, "--preset", request.preset]
    words += ["--task", request.task] if request.task else []
    unnamed = request.model_copy(update={"name": None})
    words += ["--name", name] if name != unnamed.run_name else []
    settings = [f"{key}={json.dumps(value)}" for key, value in _leaves(request.overrides)]
    words += ["--set", *settings] if settings else []
    words += ["--anew", *request.anew] if request.anew else []
    return act, shlex.join([*words, "--rollouts", FOLDER])


def instruction(record: RunRecord) -> str:
    """What a person has to do, in a sentence."""
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
