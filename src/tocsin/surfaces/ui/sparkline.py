"""A small line chart drawn on the server: inline SVG without style attributes, as a strict CSP wants it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH, HEIGHT, EDGE = 120.0, 32.0, 2.0


def _points(values: Sequence[float]) -> list[tuple[float, float]]:
    low, high = min(values), max(values)
    rise = (high - low) or 1.0
    step = WIDTH / max(len(values) - 1, 1)
    usable = HEIGHT - 2 * EDGE
    heights = (HEIGHT - EDGE - (value - low) / rise * usable for value in values)
    return [(round(i * step, 2), round(y, 2)) for i, y in enumerate(heights)]


def sparkline(values: Sequence[float], label: str, tone: str = "") -> SafeString:
    """The SVG for `values`, oldest first. `label` is read out instead of the drawing.

    An empty series gives an empty string: there is nothing to draw and nothing to read.
    """
    if not values:
        return SafeString("")
    points = _points(values)
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    area = f"{line}L{points[-1][0]} {HEIGHT}L0 {HEIGHT}Z"
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="area" d="{}"/><path class="line" d="{}"/></svg>',
        tone, f"{WIDTH:g}", f"{HEIGHT:g}", label, area, line,
    )  # fmt: skip
