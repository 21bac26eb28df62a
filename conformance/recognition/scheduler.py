"""Schedulers from outside the catalogue: their entry, from the schedule that they claim."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.engine.claim import Plan
from conformance.schedulers.learning_rate import IN_FORCE
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE, Scheduler
from impls.libraries import claiming
from impls.session import Session
from spec import schedules as book

TRIAL = Plan(6, 0, 0)


def own_scheduler(target: str, schedule: str, options: Mapping[str, str], session: Session) -> Scheduler:
    """Return the entry of a target that claims a schedule, with the arithmetic that it shows.

    A stranger declares nothing: the first of closed form, recurrence and other forms in which a few
    cases hold is taken, and the closed form where none does.
    """
    built = book.build(schedule, options)
    ways = [CLOSED, *([RECURRENCE] if built.recurrence else []), *built.forms]
    entries = [claiming(target, schedule, options, way) for way in ways]
    for entry in entries:
        evidence = IN_FORCE.judge(SchedulerSubject(entry, session), TRIAL)
        if not evidence.tally.failures and evidence.stop is None:
            return entry
    return entries[0]
