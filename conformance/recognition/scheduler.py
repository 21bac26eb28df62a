"""Schedulers from outside the catalogue: their entry, found by trial runs for the schedule that they claim."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping

from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.schedule_description import Argument, Description, described
from conformance.recognition.schedule_roles import assignments, combines, entries_of, leaves_out, misreads
from conformance.recognition.schedule_trials import (
    Trials,
    distance,
    explains,
    holds,
    in_some_form,
    more_cases,
    of_one_base,
    takes_lists,
    trial_cases,
)
from conformance.schedulers.entries import entries
from conformance.schedulers.setting_values import accepted_ranges
from conformance.schedulers.strategies import follows_metrics
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.scheduler_entries import COMPOSITIONS, RECURRENCE, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.catalogue.written_entries import written
from impls.libraries import claiming
from impls.session import Session
from spec import schedules as book
from spec.schedule import Schedule

LOWEST = frozenset({"eta_min", "eta_end"})
TRIED = 150
"""So many ways to read the arguments are tried for each variant of a schedule."""
MEASURED = 12
"""Of so many of them it is looked at how far they are from the formula."""


def own_scheduler(target: str, schedule: str, options: Mapping[str, str], session: Session) -> Scheduler:
    """Return the entry of a target that claims a schedule: its options, arguments and arithmetic as trials show.

    Where none is shown the nearest is taken, and the judge finds what is wrong.  Raises
    ``NotJudgeableError`` for a target that cannot be run.
    """
    if schedule in COMPOSITIONS:
        return claiming(target, schedule, options, "closed form")
    description = described(target, session)
    known = of_a_schedule(description.known_as, schedule, options)
    if known is not None:
        return known
    trials = Trials(session)
    found, nearest = searched(trials, description, schedule, options)
    best = found or nearest
    if best is None:
        raise NotJudgeableError(_unbuilt(target, schedule, trials))
    return finished(best, session)


def _as_they_are_called(description: Description, variant: Schedule) -> Iterator[Scheduler]:
    """Yield the candidates in which arguments with the name of a setting are that setting; all where there is none.

    Else one that leaves such an argument alone would hold where it is heard wrongly.
    """
    first, every = itertools.tee(candidates(description, variant))
    called = (entry for entry in first if not misreads(description, variant, entry))
    found = next(called, None)
    yield from every if found is None else itertools.chain((found,), called)


def of_a_schedule(target: str, schedule: str, options: Mapping[str, str]) -> Scheduler | None:
    """Return the catalogue's entry for a target that claims a schedule, or nothing."""
    return next(
        (
            e
            for e in entries()
            if e.target == target and e.schedule == schedule and options.items() <= e.options.items()
        ),
        None,
    )


def searched(
    trials: Trials, description: Description, schedule: str, options: Mapping[str, str]
) -> tuple[Scheduler | None, Scheduler | None]:
    """Return an entry that holds in every trial, and the nearest of all where none does.

    One that leaves settings out is taken where no other one holds.
    """
    nearest: tuple[tuple[bool, float], Scheduler | None] = ((True, math.inf), None)
    less: list[Scheduler] = []
    for variant in variants(schedule, options):
        for place, entry in enumerate(itertools.islice(_as_they_are_called(description, variant), TRIED)):
            found = fitted(trials, entry)
            if found is not None and not leaves_out(description, found):
                return found, None
            if found is not None:
                less.append(found)
                break
            if place < MEASURED and not less:
                far = combines(variant, entry), distance(trials, trial_cases(entry)[:1])
                nearest = min(nearest, (far, entry), key=lambda each: each[0])
    return min(less, key=lambda entry: len(entry.fixed), default=None), nearest[1]


def variants(schedule: str, options: Mapping[str, str]) -> Iterator[Schedule]:
    """Yield a schedule with every choice of the options that are left open, as torch has it first."""
    family = book.family(schedule)
    like = next((s.options for s in SCHEDULERS if s.schedule == schedule), {})
    ordered = [
        sorted(option.values, key=lambda value, name=option.name: like.get(name) != value)  # type: ignore[misc]
        if option.name not in options
        else [options[option.name]]
        for option in family.options
    ]
    for chosen in itertools.product(*ordered):
        yield book.build(schedule, dict(zip((option.name for option in family.options), chosen, strict=True)))


def candidates(description: Description, schedule: Schedule) -> Iterator[Scheduler]:
    """Yield entries for the ways in which the arguments may be a schedule's settings, the likeliest first."""
    if description.keywords:
        held = {argument.name for argument in description.arguments}
        like = next((s for s in SCHEDULERS if s.schedule == schedule.name), None)
        more = [h.keyword for h in schedule.hyperparameters if h.keyword != "lr"]
        more += [keyword for keyword, _ in like.switches.values()] if like else []
        added = tuple(Argument(name, required=False) for name in more if name not in held)
        description = dataclasses.replace(description, arguments=(*description.arguments, *added))
    seen = set()
    for made in assignments(description, schedule):
        for entry in entries_of(description, schedule, made):
            if (full := written(entry)).identifier not in seen:
                seen.add(full.identifier)
                yield full


def fitted(trials: Trials, entry: Scheduler) -> Scheduler | None:
    """Return an entry that holds in every trial, with a form in which it holds in all of them if there is one."""
    cases = trial_cases(entry)
    found = in_some_form(trials, entry, cases[:1]) and in_some_form(trials, entry, cases)
    if found is None and _may_have_one_base(entry):
        found = _of_one_base(trials, entry)
    if found is None:
        return None
    found = _given_once(trials, found)
    more = more_cases(found)
    if holds(trials, found, more):
        return found
    again = in_some_form(trials, found, [*trial_cases(found), *more])
    return again or (found if explains(trials, more) else None)


def _may_have_one_base(entry: Scheduler) -> bool:
    """Tell whether an argument is a learning rate, which a factor may be made of."""
    schedule = book.build(entry.schedule, entry.options)
    given = {h.keyword for h in schedule.hyperparameters} - entry.fixed.keys()
    return entry.takes_optimizer and not entry.single_base_lr and bool(given & LOWEST) and not follows_metrics(entry)


def _of_one_base(trials: Trials, entry: Scheduler) -> Scheduler | None:
    """Return an entry whose arguments speak of one learning rate, where it multiplies the others by a factor."""
    alike = written(dataclasses.replace(entry, single_base_lr=True))
    cases = trial_cases(alike)
    found = in_some_form(trials, alike, cases[:1]) and in_some_form(trials, alike, cases)
    return found if found and any(of_one_base(trials, case) for case in trial_cases(entry)) else None


def _given_once(trials: Trials, entry: Scheduler) -> Scheduler:
    """Return an entry that gives its settings once for all groups, where it is not built with lists of them."""
    return entry if takes_lists(trials, entry) else written(dataclasses.replace(entry, single_settings=True))


def finished(entry: Scheduler, session: Session) -> Scheduler:
    """Return an entry with the settings that its constructor takes, and whether it cycles the momentum."""
    cycles = book.build(entry.schedule, entry.options).momentum is not None and _cycles(entry, Trials(session))
    made = written(dataclasses.replace(_given_once(Trials(session), entry), momentum=cycles))
    return written(dataclasses.replace(made, accepted=accepted_ranges(SchedulerSubject(made, session))))


def _cycles(entry: Scheduler, trials: Trials) -> bool:
    read = trials.readings(trial_cases(entry)[0], "momentum") or []
    return len({tuple(reading) for reading in read}) > 1


def _unbuilt(target: str, schedule: str, trials: Trials) -> str:
    said = trials.errors[0] if trials.errors else "no way was found to give it the settings"
    names = ", ".join(h.keyword for h in book.build(schedule).hyperparameters if h.keyword != "lr")
    return (
        f"`{target}` cannot be judged as {schedule}: {said}; its settings are {names or 'none'}: give a function "
        "that takes an optimizer and these, and returns the scheduler"
    )


def read_as(entry: Scheduler) -> str:
    """Return in a sentence what an entry was read as: options, arguments, and the way it computes."""
    chosen = ", ".join(f"{name}={value}" for name, value in entry.options.items())
    parts = [f"{entry.name} read as {entry.schedule}{f'({chosen})' if chosen else ''}"]
    roles = [f"{ours} is `{theirs}`" for ours, theirs in entry.keywords.items() if theirs]
    roles += [f"{' + '.join(ours)} is `{theirs}`" for theirs, ours in entry.sums.items()]
    roles += [f"{a}/{b} is `{theirs}`" for theirs, (a, b) in entry.ratios.items()]
    roles += [f"{name} is {value:g}, which it cannot be given" for name, value in entry.fixed.items()]
    roles += [f"{name} is taken from {low:g} to {high:g}" for name, (low, high) in entry.accepted.items()]
    if roles:
        parts.append(", ".join(roles))
    if entry.computes != RECURRENCE:
        parts.append(f"computed as {entry.computes}")
    return "; ".join(parts)
