"""The lineage as a picture: layers from left to right, one box an artifact."""

from collections.abc import Mapping

from markupsafe import Markup

from xsim_core.pages import macros

from .lineage import LineageNode

BOX_W, BOX_H, GAP_X, GAP_Y = 150, 44, 46, 22


def lineage_svg(nodes: Mapping[str, LineageNode]) -> Markup:
    """Boxes in layers: an artifact stands one layer behind its latest parent."""
    layers = _layers(nodes)
    columns: dict[int, list[str]] = {}
    for key, layer in layers.items():
        columns.setdefault(layer, []).append(key)
    tallest = max((len(c) for c in columns.values()), default=1)
    height = tallest * (BOX_H + GAP_Y) + GAP_Y
    places: dict[str, tuple[float, float]] = {}
    for layer, keys in columns.items():
        room = height / len(keys)
        for i, key in enumerate(keys):
            places[key] = (layer * (BOX_W + GAP_X) + 4, room * (i + 0.5) - BOX_H / 2)
    width = len(columns) * (BOX_W + GAP_X) - GAP_X + 8
    edges = [
        _edge(places[str(parent)], places[key])
        for key, node in nodes.items()
        for parent in node.inputs.values()
        if str(parent) in places
    ]
    boxes = [(*place, nodes[key].stage, nodes[key].ref) for key, place in places.items()]
    return macros("report/pieces.html").lineage(width, height, edges, boxes, BOX_W, BOX_H)


def _layers(nodes: Mapping[str, LineageNode]) -> dict[str, int]:
    layers: dict[str, int] = {}

    def layer(key: str) -> int:
        if key not in layers:
            parents = [str(p) for p in nodes[key].inputs.values() if str(p) in nodes]
            layers[key] = 1 + max((layer(p) for p in parents), default=-1)
        return layers[key]

    for key in nodes:
        layer(key)
    return layers


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    """The curve from a parent's box to a child's."""
    x0, y0 = start[0] + BOX_W, start[1] + BOX_H / 2
    x1, y1 = end[0], end[1] + BOX_H / 2
    bend = max(20.0, (x1 - x0) / 2)
    return f"M{x0:.0f} {y0:.0f}C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} {x1:.0f} {y1:.0f}"
