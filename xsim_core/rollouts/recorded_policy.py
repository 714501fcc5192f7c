"""Whose recording it is, without what the whole of it takes to load."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xsim_core.capture.readers.child import Begin
from xsim_core.capture.readers.limited import read_in_child
from xsim_core.importers.config import is_dataset


def recorded_policy(path: Path) -> str:
    """The policy that acted in a recording, read in a process with limits; "" where it says none.

    Raises:
        BadInputError: when it is none, or cannot be read.
    """
    more: dict[str, Any] = {"read": f"{__name__}:read_policy", "options": {}}
    if is_dataset(path):
        of: dict[str, Any] = {"read": "xsim_core.rollouts.dataset.read:read_policy", "options": {}}
        with TemporaryDirectory() as place:
            return read_in_child("named", Path(place), {"folder": path}, None, of)[1]["policy"]
    with TemporaryDirectory() as place:
        return read_in_child("many", Path(place), {"recording": path}, None, more)[1]["policy"]


def read_policy(begin: Begin, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What that process does."""
    from xsim_core.robots.recording import read_rollout

    return {}, {"policy": str(read_rollout(begin("recording")).header.get("policy", ""))}
