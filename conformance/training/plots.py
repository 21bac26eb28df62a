"""The curves of an experiment: losses of everybody, and how far they are apart."""

from __future__ import annotations

from math import nan
from typing import Any, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from conformance.report.plots import INK, KILLED, LINE, PLOT, QUIET, SETTINGS, SURVIVED, svg
from conformance.training.experiment import Experiment

WIDTH, HEIGHT = 640.0, 190.0
COLOURS = (PLOT, KILLED, SURVIVED)


def curves(experiment: Experiment) -> str:
    """Return an SVG: on the left the loss by step, on the right distances and bound, on a log scale."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    with mpl.rc_context(cast("Any", SETTINGS)):
        losses = figure.add_axes((0.08, 0.17, 0.38, 0.68))
        losses.plot(experiment.losses, color=INK, linewidth=2.4, alpha=0.35, label="reference")
        distances = figure.add_axes((0.58, 0.17, 0.40, 0.68))
        for run, colour in zip(experiment.runs, COLOURS, strict=False):
            losses.plot(run.losses, color=colour, linewidth=0.9, label=run.implementation)
            steps = range(1, len(run.farthest) + 1)
            distances.plot(steps, [x or nan for x in run.farthest], ".", markersize=2.2, color=colour)
            distances.plot(steps, [w or nan for w in run.judgement.widths], color=colour, linewidth=0.9)
        distances.set_yscale("log")
        dressed(losses, f"{experiment.rule}: loss by step")
        dressed(distances, "dots: farthest from the reference; line: widest enclosure")
        losses.legend(frameon=False, fontsize=8, labelcolor=INK)
    name = f"training-{experiment.problem}-{experiment.rule}"
    return svg(figure, name, f"Loss of {experiment.rule} on {experiment.problem}, and distances, by step")


def dressed(axes: Axes, title: str) -> None:
    """Give axes their title, and the lines and colours of the report."""
    axes.set_title(title, loc="left", color=QUIET, fontsize=8)
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(length=2, width=0.6, color=LINE, labelcolor=QUIET, labelsize=8)
    axes.tick_params(which="minor", length=0)
