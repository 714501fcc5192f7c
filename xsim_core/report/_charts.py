"""Charts as inline SVG: lines, intervals, bars. No scripts, no outside resources."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ._html import esc, number

PALETTE = ("#4657c4", "#c2571a", "#0b7a75", "#8a3fa0", "#a68a00", "#5b6b79")
INK, SOFT, GRID = "#14202b", "#5b6b79", "#e7ecf0"
POLICY_COLOURS = {
    "teacher": "#f08a4b", "student": "#8f9cf5", "calibrated": "#4fd1c5",
    "current": "#8f9cf5", "candidate": "#4fd1c5",
}  # fmt: skip

Values = NDArray[np.floating]


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers that span a range."""
    if not math.isfinite(low + high) or high <= low:
        return [low]
    raw = (high - low) / count
    step = 10 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 2.5, 5, 10) if m * step >= raw)
    first = math.ceil(low / step - 1e-9) * step
    return [round(first + i * step, 10) for i in range(int((high - first) / step + 1e-9) + 1)]


class Axes:
    """Maps data to pixels and draws the frame around a chart."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], *, width: int = 460,
        height: int = 240, x_label: str = "", y_label: str = "", equal: bool = False,
    ) -> None:  # fmt: skip
        self.width, self.height = width, height
        self.left, self.right, self.top, self.bottom = 62.0, width - 12.0, 12.0, height - 38.0
        self.x, self.y = _padded(*x, share=0.0), _padded(*y, share=0.06)
        if equal:
            self._equalise()
        self.x_label, self.y_label = x_label, y_label

    def _equalise(self) -> None:
        unit = max(
            (self.x[1] - self.x[0]) / (self.right - self.left),
            (self.y[1] - self.y[0]) / (self.bottom - self.top),
        )
        for name, span in (("x", self.right - self.left), ("y", self.bottom - self.top)):
            middle, half = sum(getattr(self, name)) / 2, unit * span / 2 * 1.08
            setattr(self, name, (middle - half, middle + half))

    def px(self, value: float) -> float:
        """Pixel column of a data value."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left)

    def py(self, value: float) -> float:
        """Pixel row of a data value."""
        return self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * (
            self.bottom - self.top
        )

    def path(self, x: Values, y: Values, colour: str, *, width: float = 1.8) -> str:
        """A line through points; gaps where values are not finite."""
        d, pen = [], "M"
        for u, v in zip(x, y, strict=True):
            if not (math.isfinite(u) and math.isfinite(v)):
                pen = "M"
                continue
            d.append(f"{pen}{self.px(float(u)):.1f} {self.py(float(v)):.1f}")
            pen = "L"
        return (
            f'<path d="{" ".join(d)}" fill="none" stroke="{colour}" stroke-width="{width}" '
            'stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def draw(self, content: str, *, label: str) -> str:
        """The finished SVG."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="100%" role="img" '
            f'aria-label="{esc(label)}">{self._grid()}{content}</svg>'
        )

    def _grid(self) -> str:
        parts = []
        for v in ticks(*self.y):
            y = self.py(v)
            parts.append(_line(self.left, y, self.right, y, GRID))
            parts.append(_text(self.left - 7, y + 4, number(float(v)), anchor="end"))
        for v in ticks(*self.x, count=5):
            x = self.px(v)
            parts.append(_line(x, self.bottom, x, self.bottom + 4, SOFT))
            parts.append(_text(x, self.bottom + 17, number(float(v)), anchor="middle"))
        parts.append(_line(self.left, self.bottom, self.right, self.bottom, SOFT))
        middle = (self.left + self.right) / 2
        parts.append(_text(middle, self.height - 5, self.x_label, anchor="middle"))
        if self.y_label:
            y = (self.top + self.bottom) / 2
            parts.append(
                f'<g transform="rotate(-90 13 {y})">'
                f"{_text(13, y, self.y_label, anchor='middle')}</g>"
            )
        return "".join(parts)


def line_chart(
    series: Mapping[str, tuple[Values, Values]], *, x_label: str, y_label: str = "",
    bands: Sequence[tuple[float, float]] = (), y_range: tuple[float, float] | None = None,
) -> str:  # fmt: skip
    """Lines over a common axis; ``bands`` are shaded spans of x."""
    xs = np.concatenate([np.asarray(x, float) for x, _ in series.values()])
    ys = np.concatenate([np.asarray(y, float) for _, y in series.values()])
    ys = ys[np.isfinite(ys)]
    if not ys.size or not xs.size:
        return "<p>no values</p>"
    y_range = y_range or (float(ys.min()), float(ys.max()))
    axes = Axes((float(xs.min()), float(xs.max())), y_range, x_label=x_label, y_label=y_label)
    parts = [_band(axes, *band) for band in bands]
    for (x, y), colour in zip(series.values(), PALETTE * 3, strict=False):
        parts.append(axes.path(*thin(np.asarray(x, float), np.asarray(y, float)), colour))
    names = list(series)
    legend = _legend(names) if len(names) > 1 else ""
    return legend + axes.draw("".join(parts), label=", ".join(names))


def thin(x: Values, y: Values, limit: int = 600) -> tuple[Values, Values]:
    """At most ``limit`` points: means over equal bins, so that noise averages out."""
    if len(x) <= limit:
        return x, y
    edges = np.linspace(0, len(x), limit + 1).astype(int)[:-1]
    counts = np.diff(np.append(edges, len(x)))
    return np.add.reduceat(x, edges) / counts, np.add.reduceat(y, edges) / counts


def path_chart(points: Values, segments: Sequence[tuple[int, int]]) -> str:
    """A path in the plane to scale, motion segments coloured, start and end marked."""
    x, y = points[:, 0], points[:, 1]
    axes = Axes(
        (float(x.min()), float(x.max())), (float(y.min()), float(y.max())), height=320,
        x_label="x, away from the robot (m)", y_label="y, to its left (m)", equal=True,
    )  # fmt: skip
    parts = [axes.path(x, y, "#b9c4cd", width=1.4)]
    for (first, last), colour in zip(segments, PALETTE * 9, strict=False):
        parts.append(axes.path(x[first : last + 1], y[first : last + 1], colour, width=3.2))
    for i, name in ((0, "start"), (-1, "end")):
        u, v = axes.px(float(x[i])), axes.py(float(y[i]))
        fill = "#fff" if i == 0 else INK
        parts.append(f'<circle cx="{u:.1f}" cy="{v:.1f}" r="5" fill="{fill}" stroke="{INK}"/>')
        parts.append(_text(u + 9, v + 4, name, colour=INK))
    return axes.draw("".join(parts), label="path of the object seen from above")


def status_strip(status: NDArray[np.integer], names: Mapping[int, tuple[str, str]]) -> str:
    """One coloured cell a frame."""
    n = max(1, len(status))
    cells = "".join(
        f'<rect x="{1000 * i / n:.2f}" y="0" width="{1000 / n + 0.5:.2f}" height="20" '
        f'fill="{names.get(int(s), ("", SOFT))[1]}"/>'
        for i, s in enumerate(status)
    )
    counts = [(name, colour, int((status == k).sum())) for k, (name, colour) in names.items()]
    legend = "".join(
        f'<span style="margin-right:16px"><span style="color:{c}">■</span> {esc(n_)} {k}</span>'
        for n_, c, k in counts
        if k
    )
    return (
        '<svg viewBox="0 0 1000 20" width="100%" height="20" preserveAspectRatio="none" '
        f'role="img" aria-label="status of each frame">{cells}</svg><div>{legend}</div>'
    )


def interval_bar(value: float, low: float, high: float, colour: str) -> str:
    """A share with its interval, on the dark ground of the page's head."""
    return (
        '<svg viewBox="0 0 200 22" preserveAspectRatio="none" aria-hidden="true">'
        '<rect x="0" y="8" width="200" height="6" rx="3" fill="#24394a"/>'
        f'<rect x="0" y="8" width="{200 * value:.1f}" height="6" rx="3" fill="{colour}"/>'
        f'<rect x="{200 * low:.1f}" y="5" width="{max(1.0, 200 * (high - low)):.1f}" height="12" '
        f'rx="2" fill="{colour}" opacity=".28"/>'
        f'<rect x="{200 * low:.1f}" y="4" width="1.5" height="14" fill="#fff"/>'
        f'<rect x="{min(198.5, 200 * high):.1f}" y="4" width="1.5" height="14" fill="#fff"/></svg>'
    )


def bars(values: Mapping[str, tuple[float, str]], *, unit: str) -> str:
    """Horizontal bars: name → length and what is written behind it."""
    longest = max([v for v, _ in values.values()], default=0.0) or 1.0
    rows = []
    for i, (name, (value, note)) in enumerate(values.items()):
        y, length = 26 * i, 560 * value / longest
        rows.append(_text(150, y + 16, name, anchor="end", colour=INK, size=13))
        rows.append(
            f'<rect x="160" y="{y + 4}" width="{max(1.5, length):.1f}" height="16" rx="3" '
            f'fill="{PALETTE[0]}"/>'
        )
        rows.append(_text(168 + length, y + 16, note, size=12))
    height = 26 * len(values) + 4
    return (
        f'<svg viewBox="0 0 1000 {height}" width="100%" role="img" '
        f'aria-label="bars in {esc(unit)}">{"".join(rows)}</svg>'
    )


def _padded(low: float, high: float, *, share: float) -> tuple[float, float]:
    if high <= low:
        room = abs(low) * 0.05 or 0.5
        return low - room, high + room
    room = share * (high - low)
    return low - room, high + room


def _band(axes: Axes, low: float, high: float) -> str:
    x0, x1 = axes.px(max(low, axes.x[0])), axes.px(min(high, axes.x[1]))
    return (
        f'<rect x="{x0:.1f}" y="{axes.top}" width="{max(0.0, x1 - x0):.1f}" '
        f'height="{axes.bottom - axes.top}" fill="#4657c4" opacity=".09"/>'
    )


def _legend(names: Sequence[str]) -> str:
    items = "".join(
        f'<span style="margin-right:16px"><span style="color:{c}">━</span> {esc(n)}</span>'
        for n, c in zip(names, PALETTE * 3, strict=False)
    )
    return f'<div style="font-size:13px">{items}</div>'


def _line(x0: float, y0: float, x1: float, y1: float, colour: str) -> str:
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{colour}"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = SOFT, size: int = 11
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}">{esc(text)}</text>'
    )
