"""Cases at the boundaries of a state machine: ties, the last metric that is borne, the end of a cooldown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from conformance.schedules.cases import Case, Node
from conformance.schedules.strategies import follows_metrics
from impls.scheduler import Scheduler
from spec import schedules as book

STEPS = (0, 1, 2)
"""Patience and cooldown: none, one, and more than one."""
THRESHOLD, NEXT_TO = 0.5, 2.0**-20
"""With powers of two what must be passed is exact, so that a tie is one in every arithmetic."""
FACTOR, CHANGE = 0.5, 0.5
LEAST = 1 + 2.0**-22
"""A share by which a change passes the smallest, less than a millionth."""


def at_the_boundaries(entry: Scheduler) -> tuple[Case, ...]:
    """Return cases for every small patience and cooldown of a schedule over metrics; none for others."""
    if not follows_metrics(entry):
        return ()
    chosen: list[dict[str, str]] = [{}]
    for option, (_, choices) in entry.switches.items():
        chosen = [{**known, option: value} for known in chosen for value in choices]
    return tuple(case for options in chosen for case in _cases(entry, options))


def _cases(entry: Scheduler, options: dict[str, str]) -> Iterator[Case]:
    for patience, cooldown in itertools.product(STEPS, STEPS):
        yield _case(entry, options, patience, cooldown, 1.0, {"eps": 0.0})
    change = entry.fixed.get("eps", CHANGE)
    for share in (1.0, LEAST):  # a decay by a half, and a rise to the double
        for base in (2 * change * share, change * share):
            yield _case(entry, options, 0, 0, base, {"eps": change, "min_lr": 0.0, "max_lr": 8 * base})


def _case(
    entry: Scheduler, options: dict[str, str], patience: int, cooldown: int, base: float,
    more: dict[str, float],
) -> Case:  # fmt: skip
    schedule = book.build(entry.schedule, {**entry.options, **options})
    chosen = {"factor": FACTOR, "patience": patience, "threshold": THRESHOLD, "cooldown": cooldown,
              "min_lr": 0.0, "warmup": (cooldown + 1) % len(STEPS), "max_lr": 2.0, "reset_start": 2}  # fmt: skip
    rises = "max_lr" in {h.keyword for h in schedule.hyperparameters}
    if rises:
        chosen["min_lr"] = FACTOR**2
    chosen |= {**more, **entry.fixed}
    settings = {h.keyword: chosen[h.keyword] for h in schedule.hyperparameters if h.keyword != "lr"}
    wanted = (schedule.options["mode"], schedule.options["threshold_mode"])
    metrics = _metrics(*wanted, patience, cooldown)
    if rises:
        metrics += (*_improving(*wanted, metrics[-1], 3 * (patience + 1) + 3), *[metrics[0]] * 12)
    return Case(Node(entry.identifier, options, (settings,)), (base,), inputs=metrics)


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
