"""Commands that look at artifacts: ``show``, ``lineage`` and ``verify``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from flows.cli.arguments import Reference
from flows.cli.output import announce_empty, print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef
    from xsim_core.storage import ArtifactStore, OpenArtifact


@dataclass(frozen=True)
class Show:
    """What an artifact is: its key figures, its arrays, its files and where it came from."""

    ref: Reference
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Print the manifest, readably."""
        from tasks.settings import load_settings
        from xsim_core.refs import find_ref
        from xsim_core.stages import other_maker

        store = load_settings().open_store()
        announce_empty(store)
        artifact = store.open(find_ref(store, self.ref))
        manifest = artifact.manifest
        by = other_maker(manifest)
        arrays = {n: f"{dtype} {shape}" for n, (dtype, shape) in artifact.array_shapes.items()}
        if self.json:
            print_json(_as_json(artifact, by, arrays))
            return 0
        print(
            f"{artifact.ref}  made by {manifest.stage} v{manifest.stage_version}, "
            f"{manifest.num_bytes / 1e6:.1f} MB{f', by {by}' if by else ''}"
        )
        _block("summary", manifest.summary)
        _block("inputs", {k: str(v) for k, v in manifest.inputs.items()})
        _block("config", manifest.config)
        _block("arrays", arrays)
        _block("files", dict.fromkeys(artifact.file_names, ""))
        _block("provenance", manifest.provenance)
        return 0


@dataclass(frozen=True)
class Lineage:
    """What an artifact was made from, back to the files that came from outside."""

    ref: Reference
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Draw the tree."""
        from tasks.settings import load_settings
        from xsim_core.refs import find_ref
        from xsim_core.report import lineage_text, trace_lineage

        store = load_settings().open_store()
        announce_empty(store)
        lineage = trace_lineage(store, find_ref(store, self.ref))
        if self.json:
            print_json(lineage.model_dump(mode="json"))
        else:
            print(lineage_text(lineage))
        return 0


@dataclass(frozen=True)
class Verify:
    """Read every stored byte again and compare it with what the manifests promise."""

    ref: Annotated[Positional[str], arg(metavar="[ARTIFACT]")] = ""
    """One artifact as in `xsim show`; all of them by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Exit with 1 when anything is missing, truncated or altered."""
        from tasks.settings import load_settings
        from xsim_core.refs import find_ref

        store = load_settings().open_store()
        announce_empty(store)
        refs = [find_ref(store, self.ref)] if self.ref else store.list_refs()
        problems = [sentence for ref in refs for sentence in damage(store, ref)]
        if self.json:
            print_json({"checked": [str(r) for r in refs], "problems": problems})
        else:
            print("\n".join([*problems, f"{len(refs)} artifacts read, {len(problems)} problems"]))
        return 1 if problems else 0


def damage(store: "ArtifactStore", ref: "ArtifactRef") -> list[str]:
    """What is wrong with one artifact, whatever it is: the others are read all the same."""
    from xsim_core.errors import StoreUnreachableError, XSimError

    try:
        return store.verify(ref)
    except StoreUnreachableError:
        raise  # Nothing is known of any of them.
    except XSimError as error:
        return [str(error)]


def _as_json(artifact: "OpenArtifact", by: str | None, arrays: dict[str, str]) -> dict[str, Any]:
    manifest = artifact.manifest
    return {
        "ref": str(artifact.ref),
        "stage": manifest.stage,
        "summary": manifest.summary,
        "config": manifest.config,
        "provenance": manifest.provenance,
        "other_code": by,
        "arrays": arrays,
        "inputs": {k: str(v) for k, v in manifest.inputs.items()},
        "files": list(artifact.file_names),
        "num_bytes": manifest.num_bytes,
    }


def _block(title: str, values: dict[str, Any]) -> None:
    if values:
        print(f"{title}:")
        for name, value in values.items():
            print(f"  {name:<28} {value}".rstrip())
