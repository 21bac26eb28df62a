"""Curves of the report: step sizes of a rule, and what an experiment saw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.report.plots import INK, PLOT, SURVIVED, decade, drawing, dressed, finite, legend, svg
from conformance.report.wording import anchor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from conformance.report.model import ExperimentEntry, LineEntry, RuleEntry

_PANEL, _HEIGHT = 200.0, 120.0
_WIDE, _TALL = 420.0, 150.0
_LINES = (PLOT, SURVIVED, INK)


def step_plot(rule: RuleEntry) -> str:
    """Return the step over the learning rate under three gradients, a panel for each."""
    plot = rule.step_sizes
    if plot is None:
        return ""
    width = _PANEL * len(plot.curves)
    with drawing(width, _HEIGHT) as figure:
        for place, held in enumerate(plot.curves):
            left = (place * _PANEL + 38) / width
            axes = figure.add_axes((left, 0.2, (_PANEL - 52) / width, 0.62))
            axes.plot(held.x, _seen(held), ".", markersize=1.6, color=PLOT)
            _scaled(axes, held)
            dressed(axes, held.name, plot.x_label)
    title = f"{plot.title} of {rule.name}: {plot.y_label} under three gradients"
    return svg(figure, anchor("steps", rule.name), title)


def experiment_plot(entry: ExperimentEntry) -> str:
    """Return the curves of one experiment in one panel, each named at its end."""
    plot = entry.plot
    with drawing(_WIDE, _TALL) as figure:
        axes = figure.add_axes((0.1, 0.2, 0.62, 0.68))
        for held, colour in zip(plot.curves, _LINES, strict=False):
            axes.plot(held.x, finite(held.y), color=colour, linewidth=1.1, label=held.name)
        dressed(axes, plot.y_label, plot.x_label)
        legend(axes, loc="upper left", bbox_to_anchor=(1.02, 1.0), handlelength=1.2, borderaxespad=0.0)
    return svg(figure, anchor("experiment", entry.identifier), plot.title)


def _scaled(axes: Axes, held: LineEntry) -> None:
    """Scale by logarithms, at least a decade, with marks at the decades alone."""
    lengths = [y for y in finite(held.y) if y > 0]
    if lengths:
        low, high = math.floor(math.log10(min(lengths)) - 0.1), math.ceil(math.log10(max(lengths)) + 0.1)
        axes.set_yscale("log")
        axes.set_ylim(10.0**low, 10.0**high)
        axes.set_yticks([10.0**k for k in range(low, high + 1, max(1, (high - low) // 3))])
        axes.yaxis.set_major_formatter(decade)
        axes.yaxis.set_minor_formatter("")


def _seen(held: LineEntry) -> list[float]:
    return [y if y > 0 else math.nan for y in finite(held.y)]
