"""The commands and where each lies. One is imported when it is named, all of them for the help."""

import functools
import importlib
from typing import Annotated, Any, Union

from tyro.conf import subcommand

from xsim_core.errors import UnknownNameError

COMMANDS: dict[str, str] = {
    "demo": "runs.run:Demo",
    "run": "runs.run:Run",
    "capture": "capture.command:CaptureCommands",
    "board": "capture.board:BoardCommands",
    "status": "runs.status:Status",
    "show": "artifacts.look:Show",
    "lineage": "artifacts.look:Lineage",
    "report": "runs.reports:Report",
    "open": "runs.reports:Open",
    "compare": "runs.reports:Compare",
    "gap": "runs.gap:GapCommand",
    "view": "runs.view:View",
    "track": "runs.track:TrackCommands",
    "export": "artifacts.export:Export",
    "import": "artifacts.importing:Import",
    "verify": "artifacts.look:Verify",
    "forget": "artifacts.store:Forget",
    "gc": "artifacts.store:Gc",
    "pin": "artifacts.store:Pin",
    "bucket": "artifacts.store:BucketCommands",
    "promote": "policies.promote:Promote",
    "rollback": "policies.promote:Rollback",
    "current": "policies.promote:Current",
    "nights": "policies.promote:Nights",
    "policy": "policies.policy:PolicyCommands",
    "robot": "policies.robots:RobotCommands",
    "deploy": "orchestration.deploy:Deploy",
    "worker": "orchestration.deploy:Worker",
    "backfill": "orchestration.deploy:Backfill",
    "inbox": "orchestration.inbox:InboxCommands",
    "doctor": "doctor.command:Doctor",
    "server": "orchestration.server:ServerCommands",
}
"""Name → module:class; a class with an ``action`` or ``command`` is a group."""


def find_command(name: str) -> Any:
    """The class of a command.

    Raises:
        UnknownNameError: when there is none; suggests one.
    """
    if name not in COMMANDS:
        raise UnknownNameError("command", name, COMMANDS)
    module, _, cls = COMMANDS[name].partition(":")
    return getattr(importlib.import_module(f"flows.cli.{module}"), cls)


def actions_of(command: Any) -> list[str]:
    """The names of a group's actions; none for a command that is no group."""
    hint = command.__annotations__.get("action") or command.__annotations__.get("command")
    members = getattr(hint, "__args__", ()) if hint is not None else ()
    return [mark.name for member in members for mark in getattr(member, "__metadata__", ())]


@functools.cache
def all_commands() -> Any:
    """Every command as one type, for the help and for completion."""
    return Union[tuple(Annotated[find_command(name), subcommand(name)] for name in COMMANDS)]  # noqa: UP007
