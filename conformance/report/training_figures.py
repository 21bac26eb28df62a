"""Training and searches in figures: the same words in the console and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.exhibits import PointsEntry, SearchEntry, TrainingEntry, TrainingRunEntry


def training_heading(entry: TrainingEntry) -> str:
    """Return what was trained, with what settings, in one line."""
    given = ", ".join(f"{name}={value:g}" for name, value in entry.settings.items())
    return f"{entry.title}: {entry.rule} in {entry.dtype}, {entry.parameters:,} parameters, {given}"


def training_figures(entry: TrainingEntry, run: TrainingRunEntry) -> dict[str, str]:
    """Return the figures of one run, each by its heading."""
    pairs = zip(run.losses, entry.losses, strict=True)
    apart = max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=None)
    return {
        "implementation": run.implementation,
        "loss at first": _number(run.losses[0], 6),
        "loss at last": _number(run.losses[-1], 6),
        "largest difference of losses": _number(apart, 2),
        "values": f"{run.values:,}",
        "outside, step by step": f"{run.outside_step_by_step:,}",
        "outside, from the start": f"{run.outside_from_the_start:,}",
        "undecided": f"{run.undecided:,}",
        "steps with a finite bound": f"{run.finite_steps} of {len(run.losses) - 1}",
    }


def search_figures(entry: SearchEntry) -> dict[str, str]:
    """Return the figures of one search, each by its heading."""
    widths = [width for width in entry.from_what_it_saw.widths if width is not None]
    return {
        "problem": entry.title,
        "line search": entry.line_search,
        "calls": f"{len(entry.losses):,}",
        "loss at first": _number(entry.losses[0], 6),
        "loss at last": _number(entry.losses[-1], 6),
        "points inside, from what it saw": _inside(entry.from_what_it_saw),
        "points inside, from the start": _inside(entry.from_the_start),
        "widest enclosure": _number(max(widths, default=None), 2),
    }


def _inside(points: PointsEntry) -> str:
    if points.departed:
        return f"{points.judged:,}, then outside: {points.departed}"
    rest = points.points - points.judged
    return f"{points.judged:,}" + (f", {rest:,} undecided" if rest else "")


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}g}"
