"""Looks for the rules that explain a course of trial steps, the likeliest first."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.recognition.identification.candidates import Candidate, by_name, by_value, variants
from conformance.recognition.identification.fit import Agreement, agreement, enclosed
from conformance.recognition.identification.slots import Slot
from conformance.recognition.identification.steps import Course
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.libraries import OTHERS
from spec import rules as book
from spec.family import Family
from spec.rule import UpdateRule

MOST = 1000
"""So many ways to give the settings of one variant their parts are tried."""


@dataclass(frozen=True)
class Found:
    """The candidates that explain a course, the best first, and the best of all others."""

    course: Course
    fitting: tuple[Candidate, ...] = ()
    following: tuple[Agreement, Candidate] | None = None
    within_rounding: bool = False


@dataclass(frozen=True)
class Limits:
    """Which variants are candidates: those of the families named, with these options."""

    families: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def rules(self, course: Course) -> list[UpdateRule]:
        """Return the variants for the tensors of a course, those that follow the gradient where it does."""
        rank, chosen = len(course.question.shapes[0]), self.options.items()
        found = variants(rank, self.families, maximize="yes" if course.climbs else "no")
        return [rule for rule in found if chosen <= rule.options.items()]


ANYTHING = Limits()


def search(course: Course, slots: Sequence[Slot], limits: Limits, *, near: bool = True) -> Found:
    """Return the candidates that explain a course, looked for by the names of settings first.

    Each of the ``slots`` has a part: one whose default is ``near``, or any that is legal.
    """
    rules = limits.rules(course)
    ways: tuple[Callable[[UpdateRule], Iterator[Candidate]], ...] = (
        lambda rule: by_name(rule, slots),
        lambda rule: by_value(rule, slots, near=near),
    )
    found = Found(course)
    for way in ways:
        mine = explained(course, (one for rule in rules for one in itertools.islice(way(rule), MOST)))
        if mine.within_rounding:
            return mine
        found = _nearer(found, mine)
    return found


def _nearer(one: Found, other: Found) -> Found:
    if bool(one.fitting) != bool(other.fitting):
        return one if one.fitting else other
    if one.following is None or other.following is None:
        return other if one.following is None else one
    return one if one.following[0] >= other.following[0] else other


def explained(course: Course, candidates: Iterable[Candidate]) -> Found:
    """Return those candidates that agree in every step, within rounding where there are such."""
    whole: list[Candidate] = []
    following: tuple[Agreement, Candidate] | None = None
    for candidate in candidates:
        found = agreement(candidate, course)
        if found.whole:
            whole.append(candidate)
        elif following is None or found > following[0]:
            following = (found, candidate)
    whole.sort(key=functools.partial(preference, layout=course.question.gradient))
    for _, group in itertools.groupby(whole, key=lambda candidate: candidate.held_on):
        inside = tuple(candidate for candidate in group if enclosed(candidate, course))
        if inside:
            return Found(course, inside, following, within_rounding=True)
    return Found(course, tuple(whole), following)


def preference(candidate: Candidate, layout: str) -> tuple[Any, ...]:
    """Return what orders candidates that explain the same: the least is held fixed, the most people mean it."""
    rule = candidate.rule
    departing = departures(book.family(rule.name), rule.options)
    return (candidate.held_on, len(candidate.rest), -_claimed(rule.name, layout), departing)


@functools.cache
def _claimed(name: str, layout: str) -> int:
    """Return how many entries of the catalogue claim a rule for gradients of a layout."""
    called = {name, *book.family(name).aliases}
    return sum(1 for item in (*CATALOGUE, *OTHERS) if item.rule in called and item.gradient == layout)


def departures(family: Family[UpdateRule], options: Mapping[str, str]) -> int:
    """Return how many options depart from the first of their values."""
    return sum(options[option.name] != option.default for option in family.options)


def told_apart(found: Found, course: Course) -> Found:
    """Return those of the candidates that agree with another course of the same target too.

    Where none does, that course is no help.
    """
    agreements = [(agreement(asked_again(candidate, course), course), candidate) for candidate in found.fitting]
    fitting = tuple(candidate for agreed, candidate in agreements if agreed.whole)
    if not fitting:
        return found
    others = [(agreed, candidate) for agreed, candidate in agreements if not agreed.whole]
    following = max([*others, *([found.following] if found.following else [])], key=lambda f: f[0], default=None)
    return dataclasses.replace(found, fitting=fitting, following=following)


def asked_again(candidate: Candidate, course: Course) -> Candidate:
    """Return a candidate whose slots have the numbers of another course."""
    now = {slot.label: slot for slot in course.question.slots}
    slots = {name: now[slot.label] for name, slot in candidate.slots.items()}
    return dataclasses.replace(candidate, slots=slots, rest=tuple(now[slot.label] for slot in candidate.rest))
