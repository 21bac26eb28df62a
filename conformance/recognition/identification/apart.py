"""The options of a claimed rule that steps show apart from a mistake, where no variant explains all of them."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from conformance.recognition.identification.candidates import DECAY, NONE, WEIGHT_DECAY, Candidate, as_in, by_name
from conformance.recognition.identification.decay import decay_shown
from conformance.recognition.identification.opening import WEIGHT, asked_with
from conformance.recognition.identification.search import MOST, Limits, asked_again, departures, explained
from conformance.recognition.identification.slots import Slot, sort_of
from conformance.recognition.identification.steps import Course, Question
from conformance.recognition.options import kinds_of_decay
from conformance.recognition.synonyms import names
from impls.session import Session
from spec import rules as book
from spec.family import Family
from spec.rule import UpdateRule

LR, MAXIMIZE = "lr", "maximize"
Options: TypeAlias = Mapping[str, str]


def options_apart(question: Question, nearest: Candidate, claimed: Options, session: Session) -> Options:
    """Return every option of the nearest candidate's rule: what is ``claimed``, what shows, and else the first.

    Steps with a setting at 0 show an option where variants that have it explain them and none that has the first
    does: what differs has no part in them.  The kind of decay shows in what it adds to steps.  That the gradient is
    followed does not show: it is claimed, or a mistake.
    """
    family = book.family(nearest.rule.name)
    fixed = {o.name: o.default for o in family.options if o.of_states or o.name == MAXIMIZE} | dict(claimed)
    fitting = [chosen for chosen in family.choices() if fixed.items() <= chosen.items()]
    fitting.sort(key=lambda chosen: (_unlike(question, family.name, chosen), departures(family, chosen)))
    wanted = Limits((family.name,), _without_direction(claimed))
    for course in _restricted(question, nearest, session):
        explaining = explained(course, _candidates(course, nearest, wanted)).fitting
        shown = [_without_direction(candidate.rule.options) for candidate in explaining]
        fitting = [chosen for chosen in fitting if _without_direction(chosen) in shown] or fitting
    kinds = _kinds(question, nearest, family, claimed, session)
    of_kind = (chosen for kind in kinds for chosen in fitting if kind.items() <= chosen.items())
    return next(of_kind, {**fitting[0], **kinds[0]})


def _unlike(question: Question, name: str, options: Options) -> int:
    """Return how many settings have a default of another sort than a variant's own: weights of what is new or kept."""
    slots = {slot.label: slot for slot in question.slots if slot.default is not None}
    items = [item for item in book.build(name, options).hyperparameters if item.keyword in slots]
    return sum(slots[item.keyword].sort != sort_of(item.default) for item in items)


def _without_direction(options: Options) -> Options:
    return {name: value for name, value in options.items() if name != MAXIMIZE}


def _restricted(question: Question, nearest: Candidate, session: Session) -> Iterator[Course]:
    """Yield the steps, and those with settings at 0: each alone, all weights of averages, all but the rate."""
    rate = _called(LR, question, nearest)
    free = [slot for slot in question.slots if slot != rate and not slot.whole and slot.value]
    weights = [slot for slot in free if slot.sort == WEIGHT]
    for off in ((), *((slot,) for slot in free), tuple(weights), tuple(free)):
        slots = tuple(dataclasses.replace(slot, value=0.0) if slot in off else slot for slot in question.slots)
        course = asked_with(question, session, slots=slots)
        if course is not None:
            yield course


def _candidates(course: Course, nearest: Candidate, wanted: Limits) -> Iterator[Candidate]:
    """Yield the variants with settings as they are called, and as the nearest candidate has them."""
    for rule in wanted.rules(course):
        yield from itertools.islice(by_name(rule, course.question.slots), MOST)
        yield as_in(asked_again(nearest, course), rule)


def _kinds(
    question: Question, nearest: Candidate, family: Family[UpdateRule], claimed: Options, session: Session
) -> tuple[Options, ...]:
    """Return the kind of decay that shows, or those that may be, the usual one first."""
    decay = _called(WEIGHT_DECAY, question, nearest)
    usual = kinds_of_decay(family, claimed, takes=decay is not None)
    if decay is None or usual == ({},):
        return usual
    shown = {DECAY: decay_shown(question, decay, _called(LR, question, nearest), session)}
    return (shown,) if shown in ({DECAY: NONE}, *usual) else usual


def _called(keyword: str, question: Question, nearest: Candidate) -> Slot | None:
    """Return the slot of a setting by its names, or that which the nearest candidate has for it, if it has no name."""
    labelled = {slot.label: slot for slot in question.slots}
    named = next((labelled[name] for name in names(keyword) if name in labelled), None)
    other = nearest.named.get(keyword)
    return named or (None if other is None or other.label in _every_keyword(nearest.rule.name) else other)


@functools.cache
def _every_keyword(name: str) -> frozenset[str]:
    return frozenset(item.keyword for rule in book.family(name).variants() for item in rule.hyperparameters)
