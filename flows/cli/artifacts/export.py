"""``xsim export``: an artifact as files of another tool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from flows.cli.output import announce_empty, print_json


@dataclass(frozen=True)
class Export:
    """Write an artifact as files that another tool reads; without --to, list what there is.

    Nothing is replaced: the folder appears when all is written. What is not held is said.
    """

    ref: Annotated[Positional[str], arg(metavar="[ARTIFACT]")] = ""
    """RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    to: Annotated[str, arg(metavar="FORMAT")] = ""
    """A format that holds this kind of artifact."""
    out: Annotated[str, arg(metavar="FOLDER")] = ""
    """A folder that is not there yet; ARTIFACT-FORMAT in the working directory by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Write it, and say where it lies."""
        from tasks.settings import load_settings
        from xsim_core.exporters import export_artifact
        from xsim_core.files.folders import expanded
        from xsim_core.refs import find_ref

        if not self.to:
            return self._formats()
        store = load_settings().open_store()
        announce_empty(store)
        ref = find_ref(store, self.ref)
        default = f"{self.ref}-{self.to}".replace(":", "-").replace("/", "-")
        folder = expanded(self.out, "--out") if self.out else Path(default)
        made = export_artifact(store, ref, self.to, folder.absolute())
        if self.json:
            told = {"files": made.files, "num_bytes": made.num_bytes, "notes": made.notes}
            held = {"folder": str(made.folder), "not_held": made.format.loses}
            print_json({"ref": str(ref), "format": self.to, **held, **told})
            return 0
        print(made.folder)
        print(f"  {len(made.files)} files, {made.num_bytes / 1e6:.1f} MB: {made.format.what}")
        print(f"  not held: {made.format.loses}")
        for note in made.notes:
            print(f"  {note}")
        return 0

    def _formats(self) -> int:
        from tasks.settings import load_settings
        from xsim_core.exporters import FORMATS
        from xsim_core.refs import find_ref

        kind = find_ref(load_settings().open_store(), self.ref).kind if self.ref else ""
        fitting = [f for f in FORMATS.values() if not kind or kind in f.kinds]
        if self.json:
            rows = [
                {"name": f.name, "kinds": f.kinds, "what": f.what, "not_held": f.loses}
                for f in fitting
            ]
            print_json({"formats": rows})
            return 0
        for f in fitting:
            print(f"  {f.name:<18} {', '.join(f.kinds)}: {f.what}")
        if not fitting:
            print(f"  no format holds a {kind} yet")
        return 0
