"""The figures of a history, from run to run, as an SVG that is readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from conformance.exchange.history import HistoryEntry
from conformance.report.model import Outcome
from conformance.report.plots import (
    INK,
    KILLED,
    LINE,
    PLOT,
    QUIET,
    SURVIVED,
    drawing,
    finite,
    on_both_grounds,
    quiet,
    svg,
)
from conformance.report.wording import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_RUNS = 200
"""So many runs, the last, are drawn."""
_WIDTH, _PANEL, _FOOT, _LEFT, _RIGHT = 640.0, 84.0, 30.0, 0.11, 0.98
_OUTCOMES = {Outcome.CONFORMS: KILLED, Outcome.DOES_NOT_CONFORM: SURVIVED, Outcome.NOT_JUDGED: QUIET}


def _killed(run: HistoryEntry) -> float | None:
    return 100.0 * run.mutants_killed / run.mutants if run.mutants else None


_PANELS: tuple[tuple[str, Callable[[HistoryEntry], float | None]], ...] = (
    ("causes of findings, coloured by outcome", lambda run: float(run.causes)),
    ("largest observed error over its bound", lambda run: run.largest_ratio),
    ("element-cases", lambda run: float(run.element_cases)),
    ("formula mutants killed, in percent", _killed),
    ("seconds", lambda run: run.seconds),
)


def plotted(runs: Sequence[HistoryEntry]) -> str:
    """Return the last runs, oldest first, one panel for each figure; nothing where there is no run."""
    runs = runs[-MOST_RUNS:]
    if not runs:
        return ""
    height = _FOOT + _PANEL * len(_PANELS)
    with drawing(_WIDTH, height) as figure:
        for number, (title, value) in enumerate(_PANELS):
            low = (_FOOT + _PANEL * (len(_PANELS) - 1 - number)) / height
            axes = figure.add_axes((_LEFT, low, _RIGHT - _LEFT, (_PANEL - 32) / height))
            _panel(axes, title, [value(run) for run in runs])
            if number == 0:
                for outcome, colour in _OUTCOMES.items():
                    held = [(at, run.causes) for at, run in enumerate(runs) if run.outcome is outcome]
                    axes.plot(
                        [at for at, _ in held],
                        [count for _, count in held],
                        "o",
                        color=colour,
                        markersize=4,
                        clip_on=False,
                    )
            if number == len(_PANELS) - 1:
                _dates(axes, runs)
    return on_both_grounds(svg(figure, "trend", f"Figures of {len(runs)} runs, the last on {runs[-1].date}"))


def _panel(axes: Axes, title: str, values: Sequence[float | None]) -> None:
    axes.plot(range(len(values)), finite(values), ".-", color=PLOT, linewidth=1.2, markersize=3, clip_on=False)
    axes.set_title(title, loc="left", color=INK, fontsize=8, pad=4)
    known = [value for value in finite(values) if not math.isnan(value)]
    if known and min(known) > 0 and max(known) > 1000 * min(known):
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_formatter(_figure)
        axes.set_ylim(0.0, 1.15 * max(known, default=1.0) or 1.0)
    axes.grid(visible=True, axis="y", color=LINE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.5, max(len(values) - 0.5, 0.5))
    quiet(axes)
    axes.set_xticks([])


def _figure(value: float, _: float) -> str:
    return compact(round(value)) if value >= 10 else f"{value:g}"


def _dates(axes: Axes, runs: Sequence[HistoryEntry]) -> None:
    ends = sorted({0, len(runs) - 1})
    axes.set_xticks(ends, [runs[place].date[:10] for place in ends])
