"""Every scheduler that is judged by name: the references of the book's schedules, and the catalogue."""

from __future__ import annotations

import functools

from impls.catalogue.scheduler_entries import NUMPY, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS, scheduler
from reference.schedules import momenta, references
from spec import schedules as book
from spec.schedule import Schedule

PREFIX, PART = "reference.", "schedule"
MILESTONES, FACTORS = "milestones", "factors"
"""What a reference is given as lists, by the name that it reads."""


@functools.cache
def reference_entries() -> tuple[Scheduler, ...]:
    """Return one entry for each schedule with a reference; of a composition the parts are asked."""
    plain = (book.build(name) for name in references())
    return tuple(_entry(schedule) for schedule in plain if not any(g.kind == PART for g in schedule.given))


def _entry(schedule: Schedule) -> Scheduler:
    name, kinds = schedule.name, {item.kind for item in schedule.given}
    options = book.family(name).options
    function = "learning_rates" if schedule.follows_metrics else "learning_rate"
    return Scheduler(
        f"{PREFIX}{name}",
        f"reference.schedules.{name}:{function}",
        name,
        switches={option.name: (option.name, {value: value for value in option.values}) for option in options},
        lists=(MILESTONES,) if "milestones" in kinds else (),
        tables=(FACTORS,) if kinds & {"factor", "factors"} else (),
        by_epoch=not schedule.follows_metrics,
        fractional=any(joint.restart for joint in schedule.joints),
        momentum=name in momenta(),
        interface=NUMPY,
        library=NUMPY,
        framework=NUMPY,
    )


def entries() -> tuple[Scheduler, ...]:
    """Return everything that can be judged by name: the references, torch, other libraries."""
    return (*reference_entries(), *SCHEDULERS, *OTHER_SCHEDULERS)


def named(name: str) -> Scheduler | None:
    """Return the entry with this identifier or target, or the one that a claim describes."""
    own = reference_entries() if name.startswith(PREFIX) else ()
    return next((entry for entry in own if name in {entry.identifier, entry.target}), None) or scheduler(name)
