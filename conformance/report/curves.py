"""A schedule as a curve: the formula, what the optimizer used, and their difference."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from conformance.report.plots import INK, LINE, PLOT, QUIET, SURVIVED, drawing, finite, quiet, svg
from conformance.report.wording import anchor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from conformance.engine.exhibits import CurveEntry

_WIDTH, _HEIGHT = 620.0, 190.0


def curve_plot(curve: CurveEntry) -> str:
    """The learning rate over the steps, joints as thin lines, restarts as coloured ones."""
    compared = bool(curve.units)
    with drawing(_WIDTH, _HEIGHT if compared else _HEIGHT * 0.7) as figure:
        upper = figure.add_axes((0.09, 0.42 if compared else 0.17, 0.89, 0.48 if compared else 0.7))
        steps = range(len(curve.schedule))
        upper.plot(steps, finite(curve.schedule), color=PLOT, linewidth=1.4)
        if curve.implementation:
            upper.plot(range(len(curve.implementation)), finite(curve.implementation), ".", color=INK, markersize=1.6)
        highest = max((rate for rate in finite(curve.schedule) if not isnan(rate)), default=1.0)
        upper.set_ylim(0.0, 1.2 * (highest or 1.0))  # room for the names of joints
        upper.set_title(curve.title, color=INK, loc="left", fontsize=9, parse_math=False)
        _style(upper, len(steps))
        _joints(upper, curve)
        if compared:
            lower = figure.add_axes((0.09, 0.13, 0.89, 0.19))
            lower.plot(range(len(curve.units)), finite(curve.units), color=INK, linewidth=0.7)
            lower.set(ylim=(-1.1, 1.1))
            lower.set_yticks([-1, 0, 1])
            _style(lower, len(steps))
    return svg(figure, anchor("curve", curve.title), f"The learning rate of {curve.title} over the steps")


def _joints(axes: Axes, curve: CurveEntry) -> None:
    for joint in curve.joints:
        axes.axvline(joint.time, color=SURVIVED if joint.restart else LINE, linewidth=0.8, linestyle=":")
    named: dict[str, float] = {}
    for joint in curve.joints:
        named.setdefault(joint.name, joint.time)
    last = axes.get_xlim()[1]
    for name, time in named.items():
        beyond = time > 0.9 * last  # a name to the right would leave the picture
        axes.annotate(
            name,
            (time, 1.0),
            (-2 if beyond else 2, -8),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            horizontalalignment="right" if beyond else "left",
            color=QUIET,
            fontsize=7,
            parse_math=False,
        )


def _style(axes: Axes, steps: int) -> None:
    axes.set_xlim(0, max(1, steps - 1))
    quiet(axes)
