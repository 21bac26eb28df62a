"""The cases of a report tell every formula mutant of every schedule of the book from the schedule."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.schedules.assembly import claimed
from conformance.schedules.engine import MEASURED, units, variants
from conformance.schedules.judging import BY_IDENTIFIER, explore
from conformance.schedules.power import Power, measured
from conformance.schedules.subject import Subject
from impls.scheduler import CLOSED, RECURRENCE, Scheduler
from impls.schedulers import OTHERS, SCHEDULERS, claiming
from impls.session import Session
from spec import schedules as book
from spec.schedule import Schedule

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
    assert measured(schedule)
    assert not [mutant.line for mutant in power.open(schedule) if not mutant.equivalent]


def test_the_momentum_is_measured_where_something_cycles_it() -> None:
    """torch's cycle has mutants of its momentum; optax cycles none."""
    for joints, cycled in (("share", True), ("whole", False)):
        found = measured(book.build("one_cycle", {"joints": joints}))
        assert found
        assert any(mutant.of_momentum for mutant in found) is cycled
