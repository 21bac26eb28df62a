"""Curves of training and of searches: losses of everybody, how far they are apart, and the bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from conformance.report.plots import INK, KILLED, PLOT, SURVIVED, drawing, dressed, finite, legend, svg
from conformance.report.wording import anchor

if TYPE_CHECKING:
    from conformance.engine.exhibits import SearchEntry, TrainingEntry

_WIDTH, _HEIGHT = 640.0, 190.0
_COLOURS = (PLOT, KILLED, SURVIVED)
_LEFT, _RIGHT = (0.08, 0.17, 0.38, 0.68), (0.58, 0.17, 0.40, 0.68)


def training_plot(entry: TrainingEntry) -> str:
    """Return an SVG: on the left the loss by step, on the right distances and bound, on a log scale."""
    with drawing(_WIDTH, _HEIGHT) as figure:
        losses, distances = figure.add_axes(_LEFT), figure.add_axes(_RIGHT)
        losses.plot(finite(entry.losses), color=INK, linewidth=2.4, alpha=0.35, label="reference")
        for run, colour in zip(entry.runs, _COLOURS, strict=False):
            losses.plot(finite(run.losses), color=colour, linewidth=0.9, label=run.implementation)
            steps = range(1, len(run.farthest) + 1)
            distances.plot(steps, _positive(run.farthest), ".", markersize=2.2, color=colour)
            distances.plot(steps, _positive(run.widths), color=colour, linewidth=0.9)
        distances.set_yscale("log")
        dressed(losses, f"{entry.rule}: loss by step")
        dressed(distances, "dots: farthest from the reference; line: widest enclosure")
        legend(losses)
    name = anchor("training", f"{entry.problem}-{entry.rule}")
    return svg(figure, name, f"Loss of {entry.rule} on {entry.problem}, and distances, by step")


def search_plot(entry: SearchEntry) -> str:
    """Return an SVG: on the left the loss by call, on the right the widths of both enclosures."""
    with drawing(_WIDTH, _HEIGHT) as figure:
        losses, widths = figure.add_axes(_LEFT), figure.add_axes(_RIGHT)
        reference = _positive(entry.reference)
        losses.plot(reference, color=INK, linewidth=2.4, alpha=0.35, label="reference")
        losses.plot(_positive(entry.losses), ".", color=PLOT, markersize=3, label="torch")
        for points, style, colour, name in (
            (entry.from_what_it_saw, ".", PLOT, "from what it saw"),
            (entry.from_the_start, "-", KILLED, "from the start"),
        ):
            shown = _positive(points.widths)
            widths.plot(shown, style, color=colour, linewidth=1.1, markersize=3, label=name)
        for axes, title in ((losses, "loss by call"), (widths, "width of the enclosure of a point")):
            axes.set_yscale("log")
            dressed(axes, title)
            legend(axes)
    name = anchor("search", f"{entry.title}-{entry.line_search}")
    return svg(figure, name, f"Loss and enclosures of L-BFGS on {entry.title} by call of the function")


def _positive(values: Iterable[float | None]) -> list[float]:
    """Return the values for a scale by logarithms, where zero has no place."""
    return [value or math.nan for value in finite(values)]
