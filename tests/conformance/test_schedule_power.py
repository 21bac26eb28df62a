"""The cases of a report tell every formula mutant of every schedule of the book from the schedule."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp
from flint import arb

from conformance.catalogue.scheduler_units import units
from conformance.engine.drawing import draw
from conformance.engine.power import Power
from conformance.report.schedule_section import claimed
from conformance.schedulers import mutants, strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.curves import shown_case
from conformance.schedulers.learning_rate import IN_FORCE
from conformance.schedulers.mutants import Enclosed
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS, claiming
from impls.session import Session
from reference.balls.number import Number
from spec import schedules as book
from spec.mutants import ScheduleMutant
from spec.schedule import Schedule, base
from tests.builders import scheduler

UNRUN = dataclasses.replace(IN_FORCE, judge_case=lambda *_: None)
"""The property whose cases are measured, without the scheduler: a mutant is judged by the formula alone."""
BUDGET = 10.0
"""That of a report."""


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
    found = [
        variant.entry
        for entry in (*SCHEDULERS, *OTHER_SCHEDULERS)
        if entry.schedule == schedule.name
        for variant in SchedulerSubject(entry, Session()).variants()
        if [other.label for other in claimed(variant.entry)] == [schedule.label]
    ]
    way = RECURRENCE if schedule.machine else CLOSED
    return found or [claiming("a:Stranger", schedule.name, schedule.options, way)]


@pytest.mark.parametrize("schedule", every_schedule(), ids=lambda schedule: schedule.label)
def test_every_mutant_is_killed_or_proven_equivalent(schedule: Schedule) -> None:
    """No formula mutant survives the cases of whatever claims the schedule unless it is proven equal."""
    power = Power(mutants.of)
    assert UNRUN.measures_power
    assert power.open(schedule)
    for entry in entries(schedule):
        (unit,) = units((entry,), properties=(UNRUN.identifier,), budget=BUDGET, seed=0)
        if power.open(schedule):
            UNRUN.judge(SchedulerSubject(entry, Session()), unit.plan(UNRUN, power))
    assert not [mutant.line for mutant in power.open(schedule) if not mutant.equivalent]


def test_the_momentum_is_measured_where_something_cycles_it() -> None:
    """torch's cycle has mutants of its momentum; optax cycles none."""
    for joints, cycled in (("share", True), ("whole", False)):
        found = mutants.of(book.build("one_cycle", {"joints": joints}))
        assert found
        assert any(mutant.of_momentum for mutant in found) is cycled


def wrong(value: sp.Expr) -> tuple[ScheduleCase, ScheduleMutant]:
    """Return a case of an exponential decay, and a mutant with another formula."""
    case = shown_case(scheduler("torch.ExponentialLR"), {})
    right = case.node.schedule
    return case, ScheduleMutant("other", "eta_t <- other", dataclasses.replace(right, value=value), right)


def test_an_exception_of_the_evaluator_is_no_kill() -> None:
    """Where a mutant cannot be evaluated the run fails: it is not counted as killed."""
    case, mutant = wrong(sp.Mod(sp.Symbol("gamma", positive=True) ** base, 1))
    power = Power(lambda _: (mutant,))
    with pytest.raises(TypeError, match="are rounded"):
        mutants.kill(power, case)
    assert power.open(case.node.schedule) == [mutant]


@pytest.mark.parametrize(("legal", "killed"), [(arb(1), True), (arb("nan"), False)], ids=str)
def test_a_mutant_without_a_value_is_killed_by_a_value(legal: arb, *, killed: bool) -> None:
    """A mutant that has no value is told from a schedule that has one, and not from one that has none."""
    case, mutant = wrong(sp.sqrt(sp.Add(-1, -base, evaluate=False)))
    assert mutants._outside(case, mutant, Enclosed([[Number(legal)]] * 3, [])) == killed


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_a_schedule_with_a_state_machine_is_drawn_with_metrics(schedule: str) -> None:
    """What follows metrics is given some in every case, and what does not in none."""
    entry = next(item for item in SCHEDULERS if item.schedule == schedule)
    drawn = draw(strategies.of(entry), 8, 0)
    assert len(drawn) == 8
    machine = book.build(schedule).machine is not None
    assert {bool(case.inputs) for case in drawn} == {machine}
