"""Which mutants of a schedule a case tells from it: their own values leave its enclosures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.engine.power import Power
from conformance.schedulers import enclosures as legal
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, boundaries
from impls.catalogue.scheduler_entries import Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS
from reference.balls.error_model import EXACT
from reference.balls.metric_machine import learning_rates
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings, closed_form
from reference.undefined import Undefined
from spec import schedules as book
from spec.mutants import ScheduleMutant, mutants
from spec.schedule import Schedule

STEPS = 48
"""The steps of a case on which mutants are tried."""


def of(schedule: Schedule) -> tuple[ScheduleMutant, ...]:
    """Return the mutants of a schedule; those of its momentum where something in the catalogue cycles it."""
    cycled = any(_cycles(entry, schedule) for entry in (*SCHEDULERS, *OTHER_SCHEDULERS) if entry.momentum)
    found = mutants(schedule, book.family(schedule.name))
    return tuple(mutant for mutant in found if cycled or not mutant.of_momentum)


def _cycles(entry: Scheduler, schedule: Schedule) -> bool:
    """Tell whether a scheduler claims a schedule, with its switches set so."""
    fixed = book.build(entry.schedule, entry.options).options if entry.schedule == schedule.name else {"": ""}
    return all(schedule.options.get(n) == value for n, value in fixed.items() if n not in entry.switches)


def kill(power: Power, case: ScheduleCase) -> None:
    """Try every living mutant on a case: its own values against the enclosures."""
    if case.lr_dtype or not measurable(case.node):
        return
    schedule = case.node.schedule
    living = power.open(schedule)
    if not living:
        return
    enclosed = _enclosed(case)
    for mutant in living:
        if _outside(case, mutant, enclosed):
            power.kill(schedule, mutant, case.node.entry.identifier)


@dataclass(frozen=True)
class Enclosed:
    """What is legal in a case for its first group."""

    rates: list[list[Number]]
    momenta: list[Number]


def _enclosed(case: ScheduleCase) -> Enclosed:
    if case.inputs:
        return Enclosed(legal.over_metrics(case, 0), [])
    steps = min(case.steps, STEPS)
    momenta = legal.momenta(case, 0, steps) if case.node.entry.momentum else []
    return Enclosed([[number] for number in legal.stepped(case, 0, steps)], momenta)


def measurable(node: SchedulerNode) -> bool:
    """Tell whether mutants can be tried: a composition is one of two schedules, as the formula has it.

    Somebody's scheduler that leaves settings out has fewer cases than tell the formula from all of them.
    """
    if node.entry.any_form and node.entry.fixed:
        return False
    plain = all(not part.parts for part in node.parts)
    return not node.parts or (len(node.parts) == 2 and plain)


def _settings(case: ScheduleCase, schedule: Schedule, steps: int) -> ScheduleSettings:
    if not case.node.parts:
        known = legal.settings(case, case.node, 0, exact=True)
        return ScheduleSettings(schedule, known.values, known.functions, known.model)
    chain = case.node.entry.schedule == "chain"
    alone = dataclasses.replace(case, base=(1.0,)) if chain else case
    first, second = (list(legal.exact(alone, part, 0, range(steps + 2))) for part in case.node.parts)
    values: dict[str, float] = {"lr": case.base[0], "milestones": next(iter(boundaries(case.node)), 0)}
    given = {"a": lambda t: first[max(t, 0)], "b": lambda t: second[max(t, 0)]}
    return ScheduleSettings(schedule, values, given, EXACT)


def _values(case: ScheduleCase, mutant: ScheduleMutant, *, momentum: bool, steps: int) -> Iterator[list[Number]]:
    settings = _settings(case, mutant.wrong, steps)
    if case.inputs:
        yield from _until_undefined(learning_rates(settings, case.inputs))
    else:
        for step in range(steps):
            yield from _until_undefined([n] for n in closed_form(settings, [step], momentum=momentum))


def _until_undefined(values: Iterator[list[Number]]) -> Iterator[list[Number]]:
    """Yield the values, and at the first place where there is none an empty list."""
    try:
        yield from values
    except Undefined:
        yield []


def _shared(mine: Number, legal: Number) -> bool:
    """Tell whether a value is legal; none at all, 0 over 0, is not where the schedule has one."""
    return mine.ball.overlaps(legal.ball) and (mine.ball.is_finite() or not legal.ball.is_finite())


def _outside(case: ScheduleCase, mutant: ScheduleMutant, enclosed: Enclosed) -> bool:
    """Tell whether the mutant leaves what is legal, or has no value where the schedule has one."""
    momentum = mutant.of_momentum
    right = [[number] for number in enclosed.momenta] if momentum else enclosed.rates
    wrong = _values(case, mutant, momentum=momentum, steps=len(right))
    return any(
        not any(_shared(a, b) for a in mine for b in theirs)
        for mine, theirs in zip(wrong, right, strict=False)
        if mine or any(number.ball.is_finite() for number in theirs)
    )
