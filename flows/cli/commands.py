"""The commands and where each lies. One is imported when it is named, all of them for the help."""

import functools
import importlib
from typing import Annotated, Any, Union

from tyro.conf import subcommand

from xsim_core.errors import UnknownNameError

COMMANDS: dict[str, str] = {
    "demo": "run:Demo",
    "run": "run:Run",
    "capture": "capture.command:CaptureCommands",
    "board": "board:BoardCommands",
    "status": "look:Status",
    "show": "look:Show",
    "lineage": "look:Lineage",
    "report": "reports:Report",
    "open": "reports:Open",
    "compare": "reports:Compare",
    "gap": "gap:GapCommand",
    "view": "view:View",
    "export": "export:Export",
    "verify": "look:Verify",
    "forget": "store:Forget",
    "gc": "store:Gc",
    "pin": "store:Pin",
    "bucket": "store:BucketCommands",
    "promote": "promote:Promote",
    "rollback": "promote:Rollback",
    "current": "promote:Current",
    "nights": "promote:Nights",
    "policy": "policy:PolicyCommands",
    "deploy": "deploy:Deploy",
    "worker": "deploy:Worker",
    "backfill": "deploy:Backfill",
    "inbox": "inbox:InboxCommands",
    "doctor": "doctor.command:Doctor",
    "server": "server:ServerCommands",
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
