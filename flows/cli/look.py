"""Commands that look: ``status``, ``show``, ``lineage`` and ``verify``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from .arguments import Preset, Reference, Task
from .output import announce_empty, print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef
    from xsim_core.runs import RunRecord
    from xsim_core.storage import ArtifactStore, OpenArtifact


@dataclass(frozen=True)
class Status:
    """Which runs there are, and for a capture which stages are done and which are missing.

    Nothing is run: the missing ones are found by computing each stage's identity.
    """

    capture: Annotated[Positional[str], arg(metavar="[CAPTURE]")] = ""
    """A capture's folder; without it, all recorded runs are listed."""
    preset: Preset = "demo"
    """Whose settings."""
    task: Task = ""
    """A task's name or YAML file."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """List."""
        return self._capture() if self.capture else self._runs()

    def _runs(self) -> int:
        from tasks.settings import load_settings
        from xsim_core.runs import host_elsewhere, load_records

        settings = load_settings()
        store = settings.open_store()
        records, odd = load_records(store)
        if self.json:
            print_json(
                {
                    "store": settings.store_url,
                    "skipped": odd,
                    "runs": [r.model_dump(mode="json") for r in records],
                }
            )
            return 0
        print(f"store: {settings.store_url}")
        for r in records:
            print(_line(r, host_elsewhere(r)))
        for name, why in odd.items():
            print(f"  {name:<24} skipped: {why}")
        if not (records or odd):
            print("  no runs yet; 'xsim demo' makes the first")
            announce_empty(store)
        return 0

    def _capture(self) -> int:
        from flows.requests import resolve
        from tasks.settings import load_settings
        from xsim_core.runs import RunRequest

        request = RunRequest(capture=self.capture, preset=self.preset, task=self.task or None)
        plan = resolve(request).plan(load_settings().open_store())
        rows = {s: ("missing" if s in plan.missing else "done") for s in plan.refs}
        if self.json:
            refs = {
                s: {"ref": str(r), "state": rows[s], "other_code": plan.other_code.get(s, "")}
                for s, r in plan.refs.items()
            }
            print_json({"capture": self.capture, "stages": refs})
        else:
            for stage, ref in plan.refs.items():
                by = plan.other_code.get(stage)
                print(f"  {stage:<16} {rows[stage]:<8} {ref}{f'  made by {by}' if by else ''}")
        return 0


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


def damage(store: "ArtifactStore", ref: "ArtifactRef[Any]") -> list[str]:
    """What is wrong with one artifact, whatever it is: the others are read all the same."""
    from xsim_core.errors import StoreUnreachableError, XSimError

    try:
        return store.verify(ref)
    except StoreUnreachableError:
        raise  # Nothing is known of any of them.
    except XSimError as error:
        return [str(error)]


def _line(r: "RunRecord", elsewhere: str | None) -> str:
    took = f"{r.elapsed_s:.0f} s" if r.elapsed_s is not None else ""
    said = f"  on {elsewhere}; whether it still runs is not known here" if elsewhere else ""
    said += f"  other code made {', '.join(r.other_code)}" if r.other_code else ""
    row = f"  {r.name:<24} {r.state:<12} {len(r.stages):2d} stages  {took:>7}  {r.started}"
    return row + said


def _as_json(
    artifact: "OpenArtifact[Any]", by: str | None, arrays: dict[str, str]
) -> dict[str, Any]:
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
