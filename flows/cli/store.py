"""Commands that keep the store: ``gc``, ``pin`` and ``bucket``."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import Positional, subcommand


@dataclass(frozen=True)
class Gc:
    """Remove artifacts that no run and no pin reaches, and what killed attempts left behind.

    By default only says what would go. With --delete it goes in two steps: condemned now, removed
    by a later sweep one grace period on, unless somebody used it in between.
    """

    delete: bool = False
    """Really do it."""
    grace_h: float = 24.0
    """Hours for which nothing is touched; longer than any stage works between two writes."""

    def run(self) -> int:
        """Sweep."""
        from tasks.settings import load_settings
        from xsim_core.storage.collect import collect

        settings = load_settings()
        store = settings.open_store()
        result = collect(store, grace_s=self.grace_h * 3600, dry_run=not self.delete)
        verb = "removed" if self.delete else "would remove"
        for key in result.removed:
            print(f"  {verb} {key}")
        for key in result.condemned:
            print(f"  {'condemned' if self.delete else 'would condemn'} {key}")
        for key in result.doubtful:
            print(f"  left alone {key}: its manifest cannot be read (xsim verify {key})")
        print(f"{settings.store_url}: {len(result.kept)} kept, {len(result.young)} too young, "
              f"{len(result.condemned)} condemned, {len(result.removed)} {verb} "
              f"({result.num_bytes / 1e6:.1f} MB)")  # fmt: skip
        if not self.delete and (result.removed or result.condemned):
            print("Nothing was changed; --delete does it.")
        return 0


@dataclass(frozen=True)
class Pin:
    """Keep an artifact and all it was made from, whatever the runs say."""

    name: Positional[str]
    """What the pin is called."""
    ref: Positional[str]
    """kind/fingerprint."""

    def run(self) -> int:
        """Pin."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import ArtifactRef

        load_settings().open_store().pin(self.name, ArtifactRef.parse(self.ref))
        print(f"{self.ref} is pinned as {self.name}")
        return 0


@dataclass(frozen=True)
class BucketCreate:
    """Create the store's bucket with its lifecycle rules, and prove that it keeps the protocol."""

    url: Positional[str] = ""
    """s3://bucket/prefix; XSIM_STORE by default."""

    def run(self) -> int:
        """Create."""
        from xsim_core.storage.bucket import create_bucket

        url = _url(self.url)
        print(f"{url}: {'created' if create_bucket(url) else 'was there; rules set anew'}")
        return 0


@dataclass(frozen=True)
class BucketCheck:
    """Whether the bucket exists, is unversioned, has its rules and refuses to create twice."""

    url: Positional[str] = ""
    """s3://bucket/prefix; XSIM_STORE by default."""

    def run(self) -> int:
        """Check."""
        from xsim_core.storage.bucket import check_bucket

        findings = check_bucket(_url(self.url))
        for f in findings:
            print(f"  {'ok  ' if f.ok else 'FAIL'} {f.name:<18} {f.text}")
        return 0 if all(f.ok for f in findings) else 1


@dataclass(frozen=True)
class BucketPresign:
    """Print a link with which anybody can fetch one file of an artifact for a while."""

    ref: Positional[str]
    """kind/fingerprint."""
    file: Positional[str]
    """One of the artifact's files (xsim show lists them)."""
    hours: float = 1.0
    """How long the link works."""

    def run(self) -> int:
        """Sign."""
        from xsim_core.artifacts import ArtifactRef
        from xsim_core.storage.bucket import presign

        ref = ArtifactRef.parse(self.ref)
        print(presign(_url(""), ref, self.file, valid_s=self.hours * 3600))
        return 0


@dataclass(frozen=True)
class BucketPolicy:
    """Print the policy document of a role, for that role's own credentials."""

    role: Positional[Literal["reader", "writer", "sweeper"]]
    """Sees; adds; also deletes."""
    url: str = ""
    """s3://bucket/prefix; XSIM_STORE by default."""

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
