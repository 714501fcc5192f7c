"""Rollouts that arrive in the inbox go to the runs that wait for them.

A folder that ``xsim robot run --out`` wrote is known by its recordings, and belongs to the runs
whose student they say acted.
"""

import json
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

from xsim_core.errors import BadInputError, MissingDependencyError, XSimError
from xsim_core.rollouts.config import SUFFIX
from xsim_core.runs import RunRecord, load_records
from xsim_core.storage import ArtifactStore

from .captures import SETTLE_S
from .place import printable

SUMMARY = "summary.json"
"""Written after each rollout; a folder without it holds none that is whole."""
Bring = Callable[[RunRecord, Path], str]
"""Let a run that waits go on with a folder; answers what was done, in words."""


def recording_folders(inbox: Path) -> list[Path]:
    """Folders of recordings in an inbox."""
    return sorted(f for p in inbox.glob(f"*/{SUMMARY}") if _holds_some(f := p.parent))


def _holds_some(folder: Path) -> bool:
    try:
        return are_recordings(path.name for path in folder.iterdir())
    except OSError:
        return True  # Whoever brings them home says what is wrong.


def are_recordings(names: Iterable[str]) -> bool:
    """Whether a folder with files of these names is one that ``xsim robot run`` wrote."""
    names = set(names)
    return SUMMARY in names and any(n.endswith(SUFFIX) and "/" not in n for n in names)


def bring_home(
    store: ArtifactStore, folders: Iterable[Path], bring: Bring, *, settle_s: float = SETTLE_S
) -> dict[str, str]:
    """Give each folder of recordings to the runs that wait for it.

    Args:
        store: where the runs' records lie.
        folders: of recordings.
        bring: lets a run go on.
        settle_s: a folder that was written to within this time is left for the next scan.

    Returns:
        What became of each folder by name; those that a run has already are left out.
    """
    if not (folders := [*folders]):
        return {}
    records = load_records(store)[0]
    taken = {record.request.rollouts for record in records}
    found: dict[str, str] = {}
    for folder in folders:
        if str(folder.absolute()) in taken:
            continue
        try:
            found[printable(folder.name)] = _brought(folder.absolute(), records, bring, settle_s)
        except (XSimError, OSError) as error:
            found[printable(folder.name)] = f"refused: {error}"
    return found


def _brought(folder: Path, records: list[RunRecord], bring: Bring, settle_s: float) -> str:
    newest_s = max(path.stat().st_mtime for path in folder.iterdir())
    if time.time() - newest_s < settle_s:
        return "still arriving"
    if not is_over(folder):
        return (
            "the session that records them is not over; if it was cut off, xsim run --rollouts "
            f"{folder} takes what there is"
        )
    policy = recorded_policy(folder)
    waiting = [
        record
        for record in records
        if record.state == "waiting" and str(record.stages.get("diffusion")) == policy
    ]
    if not waiting:
        return f"recordings of {policy}, for which no run waits (xsim run --rollouts takes them)"
    return "; ".join(bring(record, folder) for record in waiting)


def is_over(folder: Path) -> bool:
    """Whether the session that recorded into a folder says that no further rollout comes.

    Raises:
        BadInputError: when it says nothing that can be read.
    """
    path = folder / SUMMARY
    try:
        said = json.loads(path.read_text())
        return said.get("is_over", True) is not False  # Older ones do not say.
    except (ValueError, AttributeError) as error:
        raise BadInputError(f"{path} is no summary of 'xsim robot run': {error}") from error


def recorded_policy(folder: Path) -> str:
    """The policy that acted in the first recording of a folder.

    Raises:
        BadInputError: when it is none, or cannot be read.
        MissingDependencyError: without the package that reads it.
    """
    if find_spec("msgpack") is None:
        raise MissingDependencyError(
            "recordings need msgpack, which is not installed here: pip install 'xsim[serve]'."
        )
    from xsim_core.rollouts import recorded_policy as read

    return read.recorded_policy(min(folder.glob(f"*{SUFFIX}"))) or "no policy"
