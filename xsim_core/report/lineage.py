"""What was made from what: the graph of manifests behind an artifact."""

from collections.abc import Iterable

from xsim_core.artifacts import ArtifactRef, Manifest
from xsim_core.config import FrozenModel
from xsim_core.errors import MissingArtifactError
from xsim_core.storage import ArtifactStore

Ref = ArtifactRef


class LineageNode(FrozenModel):
    """One artifact and what made it."""

    ref: Ref
    stage: str
    inputs: dict[str, Ref]
    duration_s: float
    started: str
    num_bytes: int
    is_present: bool = True
    """False when a manifest names an artifact that has since been deleted."""


class Lineage(FrozenModel):
    """An artifact and all its ancestors, parents before children."""

    ref: Ref
    nodes: tuple[LineageNode, ...]

    @property
    def by_ref(self) -> dict[str, LineageNode]:
        """Nodes by ``kind/fingerprint``."""
        return {str(n.ref): n for n in self.nodes}


def trace_lineage(store: ArtifactStore, ref: Ref) -> Lineage:
    """Follow the manifests' inputs back to the outside world.

    Raises:
        MissingArtifactError: when ``ref`` itself is not in the store.
    """
    nodes = nodes_behind(store, [ref])
    if not nodes[str(ref)].is_present:
        raise MissingArtifactError(f"{ref} is not in {store.url}. 'xsim status' lists what is.")
    return Lineage(ref=ref, nodes=tuple(nodes.values()))


def nodes_behind(store: ArtifactStore, refs: Iterable[Ref]) -> dict[str, LineageNode]:
    """These artifacts and all their ancestors by ``kind/fingerprint``, parents before children."""
    nodes: dict[str, LineageNode] = {}

    def visit(ref: Ref) -> None:
        if str(ref) in nodes:
            return
        manifest = store.manifest(ref)
        for parent in manifest.inputs.values() if manifest else ():
            visit(parent)
        nodes[str(ref)] = _node(ref, manifest)

    for ref in refs:
        visit(ref)
    return nodes


def _node(ref: Ref, manifest: Manifest | None) -> LineageNode:
    if manifest is None:
        return LineageNode(
            ref=ref,
            stage="deleted",
            inputs={},
            duration_s=0,
            started="",
            num_bytes=0,
            is_present=False,
        )
    provenance = manifest.provenance
    return LineageNode(
        ref=ref,
        stage=manifest.stage,
        inputs=dict(manifest.inputs),
        duration_s=float(provenance.get("duration_s", 0.0)),
        started=str(provenance.get("started", "")),
        num_bytes=manifest.num_bytes,
    )


def lineage_text(lineage: Lineage) -> str:
    """A tree for the terminal; what was drawn once is only named again."""
    nodes, seen = lineage.by_ref, set[str]()
    lines: list[str] = []

    def draw(ref: Ref, name: str, indent: str, branch: str, below: str) -> None:
        node = nodes[str(ref)]
        label = f"{name} = {ref}" if name else str(ref)
        known = str(ref) in seen
        seen.add(str(ref))
        tail = (
            " (above)" if known and node.inputs else f"  by {node.stage}, {node.duration_s:.1f} s"
        )
        lines.append(indent + branch + label + tail)
        if known:
            return
        parents = list(node.inputs.items())
        for i, (input_name, parent) in enumerate(parents):
            is_last = i == len(parents) - 1
            draw(
                parent, input_name, indent + below, *(("└─ ", "   ") if is_last else ("├─ ", "│  "))
            )

    draw(lineage.ref, "", "", "", "")
    return "\n".join(lines)


def stages_behind(lineage: Lineage) -> dict[str, Ref]:
    """Stage to ref for everything in a lineage, as a run record has it."""
    return {n.stage: n.ref for n in lineage.nodes if n.is_present}
