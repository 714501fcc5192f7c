"""Garbage collection that cannot take what somebody is about to use.

An attempt (committed or not) goes in two steps. It is *condemned* when no run record or pin reaches
it and nothing in it changed for the grace period; after a further grace period, if still nothing
reaches it, the sweeper writes the *verdict* and removes it. A worker that wants to reuse a
condemned artifact, or to commit a condemned attempt, writes the verdict itself. The verdict is
created only if absent, so exactly one of them wins.
"""

import contextlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from xsim_core.artifacts.base import ArtifactRef
from xsim_core.artifacts.kinds import KINDS
from xsim_core.errors import BadInputError, CorruptArtifactError

from .reach import RECORD_FOLDERS, reachable
from .store import ArtifactStore

LOCK = "gc/lock"
_FOLDERS = ("gc", "probes", *RECORD_FOLDERS, *sorted(KINDS))
"""Whatever else lies below the store's URL is not ours."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Sweep:
    """What a sweep found, and did if it was not a dry run."""

    kept: list[str] = field(default_factory=list)
    """Reachable artifacts."""
    young: list[str] = field(default_factory=list)
    """Unreachable or unfinished, but changed or claimed within the grace period."""
    condemned: list[str] = field(default_factory=list)
    """Go at a sweep one grace period from now, unless somebody claims them."""
    doubtful: list[str] = field(default_factory=list)
    """Artifacts that are listed, but whose manifest is damaged or not to be had: left alone."""
    removed: list[str] = field(default_factory=list)
    num_bytes: int = 0
    """Size of what was removed."""


@dataclass
class _Attempt:
    ref: ArtifactRef
    name: str
    paths: list[str] = field(default_factory=list)
    num_bytes: int = 0
    changed: datetime = _NEVER

    @property
    def key(self) -> str:
        return f"{self.ref}/{self.name}"


def collect(
    store: ArtifactStore, *, grace_s: float, dry_run: bool = True, now: datetime | None = None
) -> Sweep:
    """Condemn what nobody reaches, remove what was condemned a grace period ago.

    Args:
        store: the store to sweep. One sweep at a time; a lock sees to it.
        grace_s: longer than the longest pause of any stage between two writes. 0 condemns and
            removes at once and is safe only while nothing runs.
        dry_run: only say what would happen.
        now: the time to judge by; the store's own clock by default.
    """
    if grace_s < 0:
        raise BadInputError(f"a grace period of {grace_s} s is negative")
    token = uuid.uuid4().hex
    if not dry_run:
        _lock(store, token, timedelta(seconds=max(grace_s, 3600)))
    try:
        now = now or (datetime.now(UTC) if dry_run else _changed(store, LOCK))
        horizon = now - timedelta(seconds=grace_s)
        return _sweep(store, horizon, dry_run=dry_run, without_grace=grace_s == 0)
    finally:
        if not dry_run and store.read_object(LOCK) == token.encode():
            store.delete_objects([LOCK])


def _lock(store: ArtifactStore, token: str, stale: timedelta) -> None:
    if store.create_object(LOCK, token.encode()):
        return
    age = datetime.now(UTC) - _changed(store, LOCK)
    if age < stale:
        raise BadInputError(
            f"another 'xsim gc' runs on {store.url} since {age.total_seconds():.0f} s. Wait for "
            f"it; if it was killed, its lock ends after {stale.total_seconds() / 3600:.0f} h."
        )
    store.delete_objects([LOCK])
    if not store.create_object(LOCK, token.encode()):
        raise BadInputError(f"another 'xsim gc' has just started on {store.url}")


def _changed(store: ArtifactStore, path: str) -> datetime:
    times = [changed for found, _, changed in store.list_objects("gc/") if found == path]
    return times[0] if times else datetime.now(UTC)


def _sweep(store: ArtifactStore, horizon: datetime, *, dry_run: bool, without_grace: bool) -> Sweep:
    result = Sweep()
    # Attempts are listed before records are read: what is committed and recorded later is young.
    objects = [entry for folder in _FOLDERS for entry in store.list_objects(folder)]
    signs = {path: changed for path, _, changed in objects if path.startswith("gc/")}
    attempts, committed, result.doubtful = _attempts(store, objects)
    roots = reachable(store, (path for path, _, _ in objects))
    for attempt in attempts:
        if str(attempt.ref) in result.doubtful:
            continue
        is_artifact = committed.get(str(attempt.ref)) == attempt.name
        if is_artifact and str(attempt.ref) in roots:
            result.kept.append(str(attempt.ref))
            if not dry_run:
                # Its manifest stands, so its payload does: a sentence over it is void.
                _acquit(store, attempt.key, signs)
        elif attempt.changed > horizon:
            result.young.append(attempt.key)
        else:
            _judge(
                store,
                attempt,
                signs,
                horizon,
                result,
                is_artifact=is_artifact,
                dry_run=dry_run,
                without_grace=without_grace,
            )
    known = {a.key for a in attempts}
    if not dry_run:
        _tidy(store, objects, known, horizon)
    return result


def _attempts(
    store: ArtifactStore, objects: Iterable[tuple[str, int, datetime]]
) -> tuple[list[_Attempt], dict[str, str], list[str]]:
    """All attempts; for each committed ref the attempt its manifest names; and doubtful refs."""
    attempts: dict[str, _Attempt] = {}
    changed_at: dict[str, datetime] = defaultdict(lambda: _NEVER)
    for path, size, changed in objects:
        parts = path.split("/")
        if parts[0] not in KINDS or len(parts) < 3:
            continue
        try:
            ref = ArtifactRef(kind=parts[0], fingerprint=parts[1])
        except ValidationError:
            continue
        if parts[2:] == ["manifest.json"]:
            changed_at[str(ref)] = changed
            continue
        if len(parts) == 3:
            continue  # No attempt has such a file.
        key = f"{ref}/{parts[2]}"
        attempt = attempts.setdefault(key, _Attempt(ref, parts[2]))
        attempt.paths.append(path)
        attempt.num_bytes += size
        attempt.changed = max(attempt.changed, changed)
    committed: dict[str, str] = {}
    doubtful: list[str] = []
    for name, changed in changed_at.items():
        manifest = None
        with contextlib.suppress(CorruptArtifactError):
            manifest = store.manifest(ArtifactRef.parse(name))
        if manifest is None:  # Damaged; or gone since the listing, or said to be.
            doubtful.append(name)
            continue
        committed[name] = manifest.attempt
        attempt = attempts.setdefault(
            f"{name}/{manifest.attempt}", _Attempt(manifest.ref, manifest.attempt)
        )
        attempt.changed = max(attempt.changed, changed)
    return list(attempts.values()), committed, doubtful


def _judge(
    store: ArtifactStore,
    attempt: _Attempt,
    signs: dict[str, datetime],
    horizon: datetime,
    result: Sweep,
    *,
    is_artifact: bool,
    dry_run: bool,
    without_grace: bool,
) -> None:
    sentence, verdict = f"gc/{attempt.key}/condemned", f"gc/{attempt.key}/verdict"
    # What is listed but not to be had is taken for a claim: only a sweep's own word removes.
    if verdict in signs and store.read_object(verdict) != b"removed":
        if signs[verdict] > horizon:
            result.young.append(attempt.key)
            return
        # An old claim ends: the attempt starts over as one that nobody has judged.
        if not dry_run:
            store.delete_objects([sentence, verdict])
        signs = {}
    if verdict not in signs:
        if sentence not in signs:
            is_due = without_grace
            if not dry_run:
                store.create_object(sentence, b"")
        else:
            is_due = signs[sentence] <= horizon
        if not is_due:
            result.condemned.append(attempt.key)
            return
        if not dry_run and not store.create_object(verdict, b"removed"):
            result.young.append(attempt.key)
            return
        latest = None if dry_run or is_artifact else store.manifest(attempt.ref)
        if latest and latest.attempt == attempt.name:
            # It was committed while we looked.
            _acquit(store, attempt.key, {verdict: horizon})
            result.young.append(attempt.key)
            return
    result.removed.append(attempt.key)
    result.num_bytes += attempt.num_bytes
    if not dry_run:
        _remove(store, attempt, is_artifact=is_artifact)


def _acquit(store: ArtifactStore, key: str, signs: dict[str, datetime]) -> None:
    if f"gc/{key}/condemned" in signs or f"gc/{key}/verdict" in signs:
        store.delete_objects([f"gc/{key}/condemned", f"gc/{key}/verdict"])


def _remove(store: ArtifactStore, attempt: _Attempt, *, is_artifact: bool) -> None:
    """Manifest first, payload second, the sentence last: a kill in between is finished later."""
    if is_artifact:
        store.withdraw(attempt.ref)
    store.delete_objects(attempt.paths)
    store.delete_objects([f"gc/{attempt.key}/condemned", f"gc/{attempt.key}/verdict"])


def _tidy(
    store: ArtifactStore,
    objects: Iterable[tuple[str, int, datetime]],
    known: set[str],
    horizon: datetime,
) -> None:
    """Old probes, and sentences over attempts that are gone."""

    def is_stale(path: str) -> bool:
        if path.startswith("gc/") and path != LOCK:
            return path.removeprefix("gc/").rpartition("/")[0] not in known
        return path.startswith("probes/")

    store.delete_objects([path for path, _, at in objects if at <= horizon and is_stale(path)])
