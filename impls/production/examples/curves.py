"""Curves of trainings as an SVG, without a library: the losses on a logarithmic scale, and the learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from training import Curve

WIDTH, HEIGHT, MARGIN = 420, 260, 48
COLORS = ("#0b6e99", "#d9730d", "#448361", "#ad1a72")
DASHES = ("", "6 4", "2 3", "8 3 2 3")
"""Curves that lie upon each other are told apart by their dashes."""


def drawing(curves: Sequence[Curve], title: str) -> str:
    """Return an SVG with two panels and a legend."""
    losses = _panel([curve.losses for curve in curves], "loss", logarithm, lambda value: f"1e{value:.1f}")
    rates = _panel([curve.rates for curve in curves], "learning rate", float, lambda value: f"{value:.2g}")
    names = "".join(
        f'<path d="M{MARGIN + 180 * place},{HEIGHT + 62}h24" fill="none" stroke="{COLORS[place]}" stroke-width="2" '
        f'stroke-dasharray="{DASHES[place]}"/>'
        f'<text x="{MARGIN + 180 * place + 30}" y="{HEIGHT + 66}">{escape(curve.name)}</text>'
        for place, curve in enumerate(curves)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT + 80}" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{MARGIN}" y="20" font-size="15">{escape(title)}</text>'
        f'<g transform="translate(0 24)">{losses}</g><g transform="translate({WIDTH} 24)">{rates}</g>{names}</svg>\n'
    )


def logarithm(value: float) -> float:
    """Return the power of ten that a loss is; one of zero is drawn as a trillionth."""
    return math.log10(max(value, 1e-12))


def _panel(
    rows: Sequence[Sequence[float]], name: str, scale: Callable[[float], float], told: Callable[[float], str]
) -> str:
    """Return axes and one line for each row of numbers."""
    shown = [[scale(value) for value in row] for row in rows]
    low, high = min(map(min, shown)), max(map(max, shown))
    span, last = (high - low) or 1.0, max(map(len, rows)) - 1 or 1
    left, right, top, bottom = MARGIN, WIDTH - 16, 16, HEIGHT - 24
    lines = []
    for place, row in enumerate(shown):
        points = [
            (left + (right - left) * x / last, bottom - (bottom - top) * (y - low) / span) for x, y in enumerate(row)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="{COLORS[place]}" stroke-width="1.5" '
            f'stroke-dasharray="{DASHES[place]}"/>'
        )
    axes = f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="#888"/>'
    words = (
        f'<text x="{left + 6}" y="{top - 6}">{name}</text><text x="4" y="{top + 10}">{told(high)}</text>'
        f'<text x="4" y="{bottom}">{told(low)}</text><text x="{right - 60}" y="{bottom + 18}">step {last + 1}</text>'
    )
    return axes + words + "".join(lines)


def written(curves: Sequence[Curve], title: str, file: Path) -> None:
    """Write the curves, and say where."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(drawing(curves, title), encoding="utf-8")
    print(f"wrote {file}")
