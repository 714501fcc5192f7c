"""Commands that keep the store: ``forget``, ``gc``, ``pin`` and ``bucket``."""

import re
import sys
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from tyro.conf import Positional, arg, subcommand

from flows.cli.arguments import Reference, StoreUrl
from flows.cli.output import announce_empty, answer, print_json

MAX_HOURS = 100_000
"""Eleven years."""


@dataclass(frozen=True)
class Gc:
    """Remove artifacts that no run and no pin reaches, and what killed attempts left behind.

    By default only says what would go. With --delete it goes in two steps: condemned now, removed
    by a later sweep one grace period on, unless somebody used it in between.
    """

    delete: bool = False
    """Really do it."""
    grace_h: Annotated[float, arg(metavar="HOURS")] = 24.0
    """Hours for which nothing is touched; longer than any stage works between two writes."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Sweep."""
        from flows.records.at_work import clear_notes
        from tasks.settings import load_settings
        from xsim_core.storage.collect import collect

        settings = load_settings()
        store = settings.open_store()
        if self.delete:
            clear_notes(store)
        result = collect(
            store, grace_s=_seconds(self.grace_h, "--grace-h"), dry_run=not self.delete
        )
        if self.json:
            print_json({"store": settings.store_url, "deleted": self.delete, **asdict(result)})
            return 0
        verb = "removed" if self.delete else "would remove"
        for key in result.removed:
            print(f"  {verb} {key}")
        for key in result.condemned:
            print(f"  {'condemned' if self.delete else 'would condemn'} {key}")
        for key in result.doubtful:
            print(f"  left alone {key}: its manifest cannot be read (xsim forget {key})")
        print(
            f"{settings.store_url}: {len(result.kept)} kept, {len(result.young)} too young, "
            f"{len(result.condemned)} condemned, {len(result.removed)} {verb} "
            f"({result.num_bytes / 1e6:.1f} MB)"
        )
        if not self.delete and (result.removed or result.condemned):
            print("Nothing was changed; --delete does it.")
        return 0


@dataclass(frozen=True)
class Forget:
    """Remove a damaged artifact, so that the next run makes it anew. One that is whole stays."""

    ref: Annotated[Positional[str], arg(metavar="ARTIFACT")]
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Verify, and remove what is damaged."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import ArtifactRef
        from xsim_core.errors import BadInputError
        from xsim_core.refs import find_ref

        store = load_settings().open_store()
        # A whole ref is taken as it is: a search would read the manifest, which may be the damage.
        is_whole = re.fullmatch(r"[a-z_]+/[0-9a-f]{16,}", self.ref)
        ref = ArtifactRef.parse(self.ref) if is_whole else find_ref(store, self.ref)
        damage = store.forget(ref)
        if not damage:
            raise BadInputError(f"{ref} is whole; nothing was removed")
        print("\n".join(damage[:5]), file=sys.stderr)
        return answer({"forgotten": str(ref), "damaged": len(damage)}, as_json=self.json)


@dataclass(frozen=True)
class Pin:
    """Keep an artifact and all it was made from, whatever the runs say."""

    name: Annotated[Positional[str], arg(metavar="NAME")]
    """What the pin is called."""
    ref: Reference
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Pin."""
        from tasks.settings import load_settings
        from xsim_core.refs import find_ref

        store = load_settings().open_store()
        announce_empty(store)
        ref = find_ref(store, self.ref)
        store.pin(self.name, ref)
        return answer({"pin": self.name, "artifact": str(ref)}, as_json=self.json)


@dataclass(frozen=True)
class BucketCreate:
    """Create the store's bucket with its lifecycle rules, and prove that it keeps the protocol."""

    url: Annotated[Positional[str], arg(metavar="[URL]")] = ""
    """s3://bucket/prefix; XSIM_STORE by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Create."""
        from xsim_core.storage.bucket import create_bucket

        url = _url(self.url)
        what = "created" if create_bucket(url) else "was there; rules set anew"
        return answer({"bucket": url, "outcome": what}, as_json=self.json)


@dataclass(frozen=True)
class BucketCheck:
    """Whether the bucket exists, is unversioned, has its rules and refuses to create twice."""

    url: Annotated[Positional[str], arg(metavar="[URL]")] = ""
    """s3://bucket/prefix; XSIM_STORE by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Check."""
        from xsim_core.storage.bucket import check_bucket

        findings = check_bucket(_url(self.url))
        if self.json:
            print_json({"checks": [{"name": f.name, "ok": f.ok, "text": f.text} for f in findings]})
        for f in findings if not self.json else ():
            print(f"  {'ok  ' if f.ok else 'FAIL'} {f.name:<18} {f.text}")
        return 0 if all(f.ok for f in findings) else 1


@dataclass(frozen=True)
class BucketPresign:
    """Print a link with which anybody can fetch one file of an artifact for a while."""

    ref: Reference
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    file: Annotated[Positional[str], arg(metavar="FILE")]
    """One of the artifact's files (xsim show lists them)."""
    hours: Annotated[float, arg(metavar="HOURS")] = 1.0
    """How long the link works."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Sign."""
        from tasks.settings import load_settings
        from xsim_core.refs import find_ref
        from xsim_core.storage.bucket import presign

        ref = find_ref(load_settings().open_store(), self.ref)
        link = presign(_url(""), ref, self.file, valid_s=_seconds(self.hours, "--hours"))
        if self.json:
            print_json({"link": link})
        else:
            print(link)
        return 0


@dataclass(frozen=True)
class BucketPolicy:
    """Print the policy document of a role, for that role's own credentials."""

    role: Positional[Literal["reader", "writer", "sweeper"]]
    """Sees; adds; also deletes."""
    url: StoreUrl = ""
    """s3://bucket/prefix; XSIM_STORE by default."""
    json: bool = False
    """Changes nothing: the document is JSON."""

    def run(self) -> int:
        """Print."""
        from xsim_core.storage.bucket import policy

        print(policy(_url(self.url), self.role))
        return 0


@dataclass(frozen=True)
class BucketCommands:
    """The S3 bucket of a store: create, check, presign, policy."""

    command: (
        Annotated[BucketCreate, subcommand("create")]
        | Annotated[BucketCheck, subcommand("check")]
        | Annotated[BucketPresign, subcommand("presign")]
        | Annotated[BucketPolicy, subcommand("policy")]
    )

    def run(self) -> int:
        """Do it."""
        return self.command.run()


def _url(given: str) -> str:
    from tasks.settings import load_settings

    return given or load_settings().store_url


def _seconds(hours: float, option: str) -> float:
    from xsim_core.errors import BadInputError

    if not 0 <= hours <= MAX_HOURS:
        raise BadInputError(f"{option} {hours:g} is no time: 0 to {MAX_HOURS} hours.")
    return 3600 * hours
