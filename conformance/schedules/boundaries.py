"""Cases at the boundaries of a state machine: ties, the last metric that is borne, the end of a cooldown."""

from __future__ import annotations

import itertools

from conformance.schedules.cases import Case, Node
from impls.scheduler import Scheduler
from spec import schedules as book

STEPS = (0, 1, 2)
"""Patience and cooldown: none, one, and more than one."""
THRESHOLD, NEXT_TO = 0.5, 2.0**-20
"""With powers of two what must be passed is exact, so that a tie is one in every arithmetic."""


def at_the_boundaries(entry: Scheduler) -> tuple[Case, ...]:
    """Return cases for every small patience and cooldown of a schedule over metrics; none for others."""
    if entry.schedule != "plateau":
        return ()
    chosen: list[dict[str, str]] = [{}]
    for option, (_, choices) in entry.switches.items():
        chosen = [{**known, option: value} for known in chosen for value in choices]
    return tuple(_case(entry, options, *counts)
                 for options in chosen for counts in itertools.product(STEPS, STEPS))  # fmt: skip


def _case(entry: Scheduler, options: dict[str, str], patience: int, cooldown: int) -> Case:
    settings = {"factor": 0.5, "patience": patience, "threshold": THRESHOLD, "cooldown": cooldown,
                "min_lr": 0.0, "eps": 0.0, **entry.fixed}  # fmt: skip
    node = Node(entry.identifier, options, (settings,))
    shape = book.build("plateau", {**entry.options, **options}).options
    return Case(node, (1.0,), inputs=_metrics(shape["mode"], shape["threshold_mode"], patience, cooldown))


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
