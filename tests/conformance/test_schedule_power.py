"""The cases of a report tell every formula mutant of every schedule of the book from the schedule."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp
from flint import arb

from conformance.schedules.assembly import claimed
from conformance.schedules.cases import Case
from conformance.schedules.curves import shown_case
from conformance.schedules.engine import MEASURED, units, variants
from conformance.schedules.judging import BY_IDENTIFIER, explore
from conformance.schedules.power import Enclosed, Power, _outside
from conformance.schedules.strategies import OVER_METRICS
from conformance.schedules.subject import Subject
from impls.scheduler import CLOSED, RECURRENCE, Scheduler
from impls.schedulers import OTHERS, SCHEDULERS, claiming, scheduler
from impls.session import Session
from reference.balls.number import Number
from spec import schedules as book
from spec.schedule import Schedule, base
from spec.schedule_mutants import ScheduleMutant, mutants

(MEASURE,) = (BY_IDENTIFIER[name] for name in MEASURED)
UNRUN = dataclasses.replace(MEASURE, judge=lambda *_: None)
"""The property whose cases are measured, without the scheduler: a mutant is judged by the formula alone."""


def every_schedule() -> list[Schedule]:
    """Return every schedule of the book with its defaults, and with each other value of each option."""
    found = []
    for family in book.families().values():
        defaults = {option.name: option.default for option in family.options}
        changed = [{option.name: value} for option in family.options for value in option.values]
        chosen = [defaults, *({**defaults, **change} for change in changed)]
        labelled = {book.build(family.name, options).label: options for options in chosen}
        found += [book.build(family.name, options) for options in labelled.values()]
    return found


def entries(schedule: Schedule) -> list[Scheduler]:
    """Return what claims a schedule, with its switches set so; a stranger where nothing does."""
    found = [variant for entry in (*SCHEDULERS, *OTHERS) if entry.schedule == schedule.name
             for variant in variants(entry)
             if [other.label for other in claimed(variant)] == [schedule.label]]  # fmt: skip
    way = RECURRENCE if schedule.machine else CLOSED
    return found or [claiming("a:Stranger", schedule.name, schedule.options, way)]


@pytest.mark.parametrize("schedule", every_schedule(), ids=lambda schedule: schedule.label)
def test_every_mutant_is_killed_or_proven_equivalent(schedule: Schedule) -> None:
    """No formula mutant survives the cases of whatever claims the schedule unless it is proven equal."""
    power = Power()
    for entry in entries(schedule):
        (unit,) = units((entry,))
        if power.open(schedule):
            examples = round(unit.examples * MEASURE.share)
            explore(Subject(entry, Session()), UNRUN, examples, unit.seed, power.add)
    known = mutants(schedule, book.families()[schedule.name])
    assert known
    assert not [mutant.text for mutant in power.open(schedule) if not mutant.equivalent]


def wrong(value: sp.Expr) -> tuple[Case, ScheduleMutant]:
    """Return a case of an exponential decay, and a mutant with another formula."""
    entry = scheduler("torch.ExponentialLR")
    assert entry is not None
    case = shown_case(entry, {})
    right = case.node.schedule
    return case, ScheduleMutant("other", "eta_t <- other", dataclasses.replace(right, value=value), right)


def test_an_exception_of_the_evaluator_is_no_kill() -> None:
    """Where a mutant cannot be evaluated the run fails: it is not counted as killed."""
    case, mutant = wrong(sp.Mod(sp.Symbol("gamma", positive=True) ** base, 1))
    power = Power({case.node.schedule.label: (mutant,)}, {case.node.schedule.label: {}})
    with pytest.raises(TypeError, match="are rounded"):
        power.add(case)
    assert power.open(case.node.schedule) == [mutant]


@pytest.mark.parametrize(("legal", "killed"), [(arb(1), True), (arb("nan"), False)], ids=str)
def test_a_mutant_without_a_value_is_killed_by_a_value(legal: arb, *, killed: bool) -> None:
    """A mutant that has no value is told from a schedule that has one, and not from one that has none."""
    case, mutant = wrong(sp.sqrt(sp.Add(-1, -base, evaluate=False)))
    assert _outside(case, mutant, Enclosed([[Number(legal)]] * 3, [])) == killed


def test_the_schedules_over_metrics_are_the_machines() -> None:
    """Every schedule with a state machine is drawn with metrics."""
    machines = {name for name, family in book.families().items() if family.build().machine}
    assert machines == OVER_METRICS
