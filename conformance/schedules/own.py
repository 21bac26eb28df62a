"""Schedulers from outside the catalogue: their entry, from the schedule that they claim."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from conformance.schedules.judging import BY_IDENTIFIER, explore
from conformance.schedules.subject import Subject
from impls.scheduler import CLOSED, RECURRENCE, Scheduler
from impls.schedulers import claiming
from impls.session import Session
from spec import schedules as book

TRIAL = 6


def own_scheduler(target: str, schedule: str, options: Mapping[str, str], session: Session) -> Scheduler:
    """Return the entry of a target that claims a schedule, with the arithmetic that it shows.

    A stranger declares nothing: the first of closed form, recurrence and other forms in which a few
    cases hold is taken, and the closed form where none does.
    """
    built = book.build(schedule, options)
    ways = [CLOSED, *([RECURRENCE] if built.recurrence else []), *built.forms]
    entries = [claiming(target, schedule, options, way) for way in ways]
    for entry in entries:
        if explore(Subject(entry, session), BY_IDENTIFIER["lr/in-force"], TRIAL, 0).failure is None:
            return entry
    return dataclasses.replace(entries[0])
