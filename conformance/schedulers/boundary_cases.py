"""Cases at boundaries: ties, the last metric that is borne, the end of a cooldown, joints beside a step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.schedulers.strategies import follows_metrics
from impls.catalogue.scheduler_entries import Scheduler
from spec import schedules as book
from spec.lines import phases

STEPS = (0, 1, 2)
"""Patience and cooldown: none, one, and more than one."""
THRESHOLD, NEXT_TO = 0.5, 2.0**-20
"""With powers of two what must be passed is exact, so that a tie is one in every arithmetic."""
FACTOR, CHANGE = 0.5, 0.5
LEAST = 1 + 2.0**-22
"""A share by which a change passes the smallest, less than a millionth."""


def at_the_boundaries(entry: Scheduler) -> tuple[ScheduleCase, ...]:
    """Return cases for every small patience and cooldown of a schedule over metrics.

    For a cycle whose joints are whole steps they are just below one; for others there are none.
    """
    if follows_metrics(entry):
        return tuple(case for shape in entry.choices() for case in _cases(entry, shape))
    whole = (shape for shape in entry.choices() if {**entry.options, **shape}.get("joints") == "whole")
    return tuple(_just_below(entry, shape) for shape in whole)


def _just_below(entry: Scheduler, shape: dict[str, str]) -> ScheduleCase:
    schedule = book.build(entry.schedule, {**entry.options, **shape})
    known = {"total_steps": 8, "pct_start": 3 * (1 - phases.NEXT_TO) / 8, "pct_final": 6 * (1 - phases.NEXT_TO) / 8}
    settings = {h.keyword: known.get(h.keyword, h.default) for h in schedule.hyperparameters}
    return ScheduleCase(SchedulerNode(entry.identifier, shape, (settings,)), (1.0,), steps=8)


def _cases(entry: Scheduler, shape: dict[str, str]) -> Iterator[ScheduleCase]:
    options = book.build(entry.schedule, {**entry.options, **shape}).options
    mode, threshold_mode = options["mode"], options["threshold_mode"]
    for patience, cooldown in itertools.product(STEPS, STEPS):
        metrics = _metrics(mode, threshold_mode, patience, cooldown)
        wait = (cooldown + 1) % len(STEPS)
        counts: dict[str, float] = {"patience": patience, "cooldown": cooldown, "warmup": wait}
        if not _rises(entry):
            yield _case(entry, shape, (1.0,), metrics, counts)
            continue
        levels = list(_improving(mode, threshold_mode, metrics[0], 3 * patience + 6))
        both = (*metrics, *levels, *[metrics[0]] * 12)
        yield _case(entry, shape, (1.0,), both, {**counts, "min_lr": FACTOR**2})
        far, near = levels[patience + 1], levels[patience]  # a far better metric within the warm-up
        yield _case(entry, shape, (1.0,), (metrics[0], *levels[:patience], *[far] * wait, near), counts)
    yield from _least_changes(entry, shape, _metrics(mode, threshold_mode, 0, 0))


def _least_changes(entry: Scheduler, shape: dict[str, str], metrics: tuple[float, ...]) -> Iterator[ScheduleCase]:
    """Yield cases whose first decay, or rise, changes the smallest amount that is made, or just more."""
    change = entry.fixed.get("eps", CHANGE)
    for share in (1.0, LEAST):
        for base in (2 * change * share, change * share):  # a decay by a half, and a rise to the double
            yield _case(entry, shape, (base,), metrics, {"eps": change, "max_lr": 8 * base})
    if _rises(entry):  # it stays just above the lowest
        lowest = {"min_lr": FACTOR**2, "eps": FACTOR**2 * 2 * (LEAST - 1), "reset_start": 1, "max_lr": LEAST}
        yield _case(entry, shape, (LEAST,), (metrics[0],) * 6, lowest)


def groups_apart(entry: Scheduler) -> tuple[ScheduleCase, ...]:
    """Return cases of two groups over metrics, of which one is at its lowest before the other."""
    shapes = entry.choices() if follows_metrics(entry) else ()
    alone = {"min_lr": FACTOR, "reset_start": 1}
    return tuple(_case(entry, shape, (1.0, 4.0), (8.0,) * 6, alone) for shape in shapes)


def _rises(entry: Scheduler) -> bool:
    return any(h.keyword == "max_lr" for h in book.build(entry.schedule).hyperparameters)


def _case(
    entry: Scheduler, shape: dict[str, str], base: tuple[float, ...], metrics: tuple[float, ...], more: dict[str, float]
) -> ScheduleCase:
    known = {
        "factor": FACTOR,
        "threshold": THRESHOLD,
        "min_lr": 0.0,
        "eps": 0.0,
        "max_lr": 2.0,
        "patience": 0,
        "cooldown": 0,
        "warmup": 0,
        "reset_start": 2,
        **more,
        **entry.fixed,
    }
    schedule = book.build(entry.schedule)
    settings = {h.keyword: known.get(h.keyword, h.default) for h in schedule.hyperparameters if h.keyword != "lr"}
    return ScheduleCase(SchedulerNode(entry.identifier, shape, (settings,) * len(base)), base, inputs=metrics)


def _metrics(mode: str, threshold_mode: str, patience: int, cooldown: int) -> tuple[float, ...]:
    """Return metrics by what they are to the best, which is 8 at first.

    A decay, twice the time to the next one, a tie, what just beats the tie, and another decay.
    """
    sign = -1.0 if mode == "min" else 1.0
    best = 8.0
    away = sign * THRESHOLD * (best if threshold_mode == "rel" else 1.0)
    tie, passed = best + away, best + away + sign * NEXT_TO
    worse = [best] * (patience + 1)
    rest = [best] * (cooldown + patience + 1)
    return (best, *worse, *rest, *rest, tie, passed, *([passed] * (patience + 1)), *rest, tie, *worse)


def _improving(mode: str, threshold_mode: str, best: float, count: int) -> Iterator[float]:
    """Yield metrics each of which is better than all before it."""
    sign = -1.0 if mode == "min" else 1.0
    for _ in range(count):
        best = best + sign * 2 * THRESHOLD if threshold_mode == "abs" else best * 4.0**sign
        yield best
