"""Charts as inline SVG, most drawn by matplotlib: no scripts, no outside resources.

Text stays text, at the size it is read in: a chart is never shrunk below its own width (the card
around it scrolls). Ink and grid take the page's colours, so charts follow its dark mode.
"""

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.pages import macros

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#4657c4", "#c2571a", "#0b7a75", "#8a3fa0", "#a68a00", "#5b6b79")
POLICY_COLOURS = {
    "teacher": "#f08a4b", "student": "#8f9cf5", "calibrated": "#4fd1c5",
    "current": "#8f9cf5", "candidate": "#4fd1c5",
}  # fmt: skip
FONT_PX = 12
CHART_WIDTH_PX = 440

# Written by matplotlib, replaced by the page's own variables: it knows no CSS colours.
_INK, _SOFT, _GRID = "#010203", "#040506", "#070809"
_VARIABLES = {
    _INK: "var(--ink)", _SOFT: "var(--soft)", _GRID: "var(--line)",
    PALETTE[0]: "var(--student)", PALETTE[1]: "var(--teacher)", PALETTE[2]: "var(--calibrated)",
}  # fmt: skip

Values = NDArray[np.floating]


def line_chart(
    series: Mapping[str, tuple[Values, Values]],
    *,
    x_label: str,
    y_label: str = "",
    bands: Sequence[tuple[float, float]] = (),
    y_range: tuple[float, float] | None = None,
) -> Markup:
    """Lines over a common axis; ``bands`` are shaded spans of x."""
    known = [np.isfinite(np.asarray(y, float)).any() for _, y in series.values()]
    if not any(known):
        return Markup("<p>no values</p>")
    figure, axes = _figure(CHART_WIDTH_PX, 250)
    for low, high in bands:
        axes.axvspan(low, high, color=PALETTE[0], alpha=0.1, lw=0)
    for (name, (x, y)), colour in zip(series.items(), PALETTE * 3, strict=False):
        u, v = thin(np.asarray(x, float), np.asarray(y, float))
        axes.plot(u, v, color=colour, lw=1.8, label=name)
    axes.set(xlabel=x_label, ylabel=y_label)
    if y_range is not None:
        axes.set_ylim(y_range[0] - 0.03, y_range[1] + 0.03)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=FONT_PX, loc="best", labelcolor=_INK)
    return _svg(figure, ", ".join(series))


def thin(x: Values, y: Values, limit: int = 600) -> tuple[Values, Values]:
    """At most ``limit`` points: means over equal bins, so that noise averages out."""
    if len(x) <= limit:
        return x, y
    edges = np.linspace(0, len(x), limit + 1).astype(int)[:-1]
    counts = np.diff(np.append(edges, len(x)))
    return np.add.reduceat(x, edges) / counts, np.add.reduceat(y, edges) / counts


def path_chart(points: Values, segments: Sequence[tuple[int, int]]) -> Markup:
    """A path in the plane to scale, motion segments coloured, start and end marked."""
    figure, axes = _figure(CHART_WIDTH_PX, 330)
    x, y = points[:, 0], points[:, 1]
    axes.plot(x, y, color=_SOFT, lw=1.2, alpha=0.6)
    for (first, last), colour in zip(segments, PALETTE * 9, strict=False):
        axes.plot(x[first : last + 1], y[first : last + 1], color=colour, lw=3.2)
    for i, name, filled in ((0, "start", False), (-1, "end", True)):
        axes.plot(x[i], y[i], "o", ms=8, mec=_INK, mfc=_INK if filled else "none")
        axes.annotate(
            name, (x[i], y[i]), (9, 4), textcoords="offset points", color=_INK, size=FONT_PX
        )
    axes.set(xlabel="x, away from the robot (m)", ylabel="y, to its left (m)")
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    return _svg(figure, "path of the object seen from above")


def status_strip(status: NDArray[np.integer], names: Mapping[int, tuple[str, str]]) -> Markup:
    """One coloured cell a frame, and how many there are of each.

    Args:
        status: (t,) keys of ``names``.
        names: status → its name and colour.
    """
    colours = [names.get(int(s), ("", PALETTE[-1]))[1] for s in status]
    counts = [(name, colour, int((status == k).sum())) for k, (name, colour) in names.items()]
    legend = [entry for entry in counts if entry[2]]
    return macros("report/pieces.html").status_strip(colours, legend)


def rate_chart(rates: Sequence[SuccessRate]) -> Markup:
    """Success of each policy in each domain, with the 95 % interval as an error bar."""
    figure, axes = _figure(720, 34 * len(rates) + 60)
    for i, rate in enumerate(rates):
        share = rate.successes / max(1, rate.trials)
        colour = POLICY_COLOURS.get(rate.policy, PALETTE[0])
        axes.barh(i, share, height=0.6, color=colour)
        error = [[max(0.0, share - rate.low)], [max(0.0, rate.high - share)]]
        axes.errorbar(share, i, xerr=error, color=_INK, capsize=4, lw=1.4)
        text = f"{rate.successes}/{rate.trials}"
        axes.text(1.03, i, text, va="center", color=_INK, size=FONT_PX)
    axes.set_yticks(range(len(rates)), [f"{r.policy}, {r.domain}" for r in rates])
    axes.set(xlim=(0, 1), xlabel="share of episodes that succeed; bar: 95 % interval")
    axes.invert_yaxis()
    return _svg(figure, "success rates with their intervals")


def bars(values: Mapping[str, tuple[float, str]], *, unit: str) -> Markup:
    """Horizontal bars: name → length and what is written behind it."""
    if not values:
        return Markup()
    figure, axes = _figure(720, 26 * len(values) + 30)
    lengths = [value for value, _ in values.values()]
    axes.barh(range(len(values)), lengths, height=0.62, color=PALETTE[0])
    longest = max(lengths) or 1.0
    for i, (value, note) in enumerate(values.values()):
        axes.text(value + 0.012 * longest, i, note, va="center", color=_SOFT, size=FONT_PX)
    axes.set_yticks(range(len(values)), list(values))
    axes.set_xlim(0, 1.18 * longest)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.invert_yaxis()
    return _svg(figure, f"bars in {unit}")


def _figure(width_px: int, height_px: int) -> tuple["Figure", "Axes"]:
    # The object interface: pyplot would keep global state and choose a display.
    from matplotlib.figure import Figure

    # At 72 dots an inch a point is a pixel of the page.
    figure = Figure(figsize=(width_px / 72, height_px / 72), dpi=72, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.grid(visible=True, color=_GRID, lw=1)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_SOFT, labelsize=FONT_PX, length=3)
    for side, spine in axes.spines.items():
        spine.set(color=_SOFT, visible=side in ("left", "bottom"))
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=_SOFT, size=FONT_PX)
    return figure, axes


def _svg(figure: "Figure", label: str) -> Markup:
    from matplotlib import rc_context

    buffer = io.StringIO()
    # Text as text; identifiers that are the same at every run.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "", "font.size": FONT_PX}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # The page's own typeface, at matplotlib's size.
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = _with_own_ids(svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    width = round(figure.get_figwidth() * 72)
    sizes = f"min-width:{min(width, CHART_WIDTH_PX)}px;max-width:{width}px"
    head = f'<svg class="chart" style="{sizes}" role="img" aria-label="{escape(label)}" '
    svg = svg.replace("<svg ", head, 1)
    # Matplotlib escapes the texts of a figure.
    return Markup(re.sub(r'\b(height|width)="[\d.]+pt" ?', "", svg, count=2))


def _with_own_ids(svg: str) -> str:
    """Identifiers that no other chart of the page has: one of its own clips would be another's."""
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # Nothing refers to groups.
    own = hashlib.sha256(svg.encode()).hexdigest()[:8]
    name = re.compile(r'( id="|url\(#|href="#)')
    return re.sub(r"<[^>]*>", lambda tag: name.sub(rf"\g<1>c{own}-", tag.group()), svg)
