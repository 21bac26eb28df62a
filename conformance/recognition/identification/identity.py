"""Identifies an optimizer: its rule with its options, the part of each setting, and what cannot be told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.optimizers.setting_names import placed
from conformance.recognition.constructor import NOTHING_TOLD, Stated
from conformance.recognition.identification.candidates import Candidate, as_in
from conformance.recognition.identification.fit import Agreement, agreement
from conformance.recognition.identification.opening import OFF, WEIGHT, Opened, asked_with, numbers, opened, twins
from conformance.recognition.identification.search import (
    ANYTHING,
    Found,
    Limits,
    asked_again,
    explained,
    search,
    told_apart,
)
from conformance.recognition.identification.slots import Slot
from conformance.recognition.identification.steps import MATRICES, VECTORS, Course, Question
from impls.session import Session
from reference.formats import FLOAT32
from spec.rule import UpdateRule

LR = "lr"
NO_CHANGE, REFUSED = "changes no step", "is refused"
UNEXPLAINED = "makes steps that no rule of the book explains"


@dataclass(frozen=True)
class Switch:
    """What a keyword of a constructor does when it is given another value than its default.

    ``rule`` is the candidate that explains the steps then; without one ``said`` tells what came of it.
    """

    name: str
    value: object
    rule: Candidate | None
    said: str = ""


@dataclass(frozen=True)
class Identity:
    """What the steps of a target show.

    ``fitting`` explain all that was asked, the best first; ``following`` is the best of all others.
    ``idle`` are settings without effect, ``astray`` those that must keep their default for it to fit, each
    with how the best candidate fits otherwise.  ``turned`` are the Booleans beside whose defaults it refuses a setting.
    """

    target: str
    question: Question
    fitting: tuple[Candidate, ...]
    following: tuple[Agreement, Candidate] | None
    within_rounding: bool
    idle: tuple[Slot, ...] = ()
    astray: Mapping[Slot, Agreement] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    on_vectors: Candidate | None = None
    courses: int = 1
    turned: Mapping[str, bool] = field(default_factory=dict)

    @property
    def best(self) -> Candidate | None:
        """The candidate that it is taken for."""
        return self.fitting[0] if self.fitting else None


def identify(target: str, session: Session, limits: Limits = ANYTHING, told: Stated = NOTHING_TOLD) -> Identity:
    """Tell which rule a target implements; raises ``NotJudgeableError`` where it makes no steps.

    ``told`` is what a user says that it is given beside its settings.
    """
    start = opened(target, session, told)
    found, idle = _fitting(start, session, limits)
    if not found.fitting:
        question = found.course.question
        return Identity(target, question, (), found.following, within_rounding=False, idle=idle, turned=start.turned)
    every = _all_at_work(start)
    silent, astray = {slot.label for slot in idle if slot.value != slot.default}, dict[Slot, Agreement]()
    if found.course.question.slots != every:
        found, astray, still = _turned_on(found, every, session, limits)
        silent |= still
    found = _with_quiet(found, idle)
    found = _narrowed_down(found, session)
    found, optional = _without_optional(found, session)
    question, best = found.course.question, found.fitting[0]
    return Identity(
        target,
        question,
        found.fitting,
        found.following,
        found.within_rounding,
        tuple(slot for slot in idle if slot.label in silent),
        astray,
        (*_switches(start, found, session), *optional),
        _on_vectors(question, best, session),
        turned=start.turned,
    )


def _fitting(start: Opened, session: Session, limits: Limits) -> tuple[Found, tuple[Slot, ...]]:
    """Return what explains a course with as many settings at work as are explained, and the idle settings."""
    tried: list[tuple[Found, tuple[Slot, ...]]] = []
    for slots in numbers(start.question.slots):
        course = asked_with(start.question, session, slots=slots)
        if course is None:
            continue
        quiet = tuple(_quiet(course, session))
        found = search(course, _active(slots, quiet), limits)
        tried.append((found if found.within_rounding else _with_fewer_digits(found, session), quiet))
        if tried[-1][0].within_rounding:
            return tried[-1]
    first, quiet = tried[0]
    if not any(found.fitting for found, _ in tried):
        found = search(first.course, _active(first.course.question.slots, quiet), limits, near=False)
        tried.append((found, quiet))
    return max(tried, key=lambda one: (one[0].within_rounding, bool(one[0].fitting)))


def _active(slots: Sequence[Slot], quiet: Sequence[Slot]) -> list[Slot]:
    """Return the slots that must have a part: those with an effect, one of those that share a number."""
    doubled = twins(tuple(slot for slot in slots if slot not in quiet))
    return [slot for slot in slots if slot not in quiet and slot.label not in doubled]


def _with_fewer_digits(found: Found, session: Session) -> Found:
    """Ask in float32 what is no more exact than that: it may keep no more digits.

    What holds a setting at another value than its rule's default is no more than near.
    """
    usual = [candidate for candidate in found.fitting if candidate.holds_defaults]
    course = asked_with(found.course.question, session, storage=FLOAT32) if usual else None
    if course is None:
        return found
    shorter = explained(course, (asked_again(candidate, course) for candidate in usual))
    return dataclasses.replace(shorter, following=found.following) if shorter.within_rounding else found


def _quiet(course: Course, session: Session) -> Iterator[Slot]:
    """Yield the slots of whose number the steps show nothing: without effect, or at their default."""
    for slot in course.question.slots:
        default = slot.at_default()
        if default.value == slot.value:
            if slot.default is not None:
                yield slot
            continue
        slots = tuple(default if other is slot else other for other in course.question.slots)
        other = asked_with(course.question, session, slots=slots)
        if other is not None and not course.differs(other):
            yield slot


def _all_at_work(start: Opened) -> tuple[Slot, ...]:
    """Return the slots of a first question, each with a number of its own, whatever was refused at first."""
    own = {slot.label: slot for slot in start.constructor.slots}
    return tuple(own.get(slot.label, slot) for slot in start.question.slots)


def _turned_on(
    found: Found, every: tuple[Slot, ...], session: Session, limits: Limits
) -> tuple[Found, dict[Slot, Agreement], set[str]]:
    """Give settings numbers of their own again, one by one, as long as the family explains the steps.

    What each makes of them that does not is returned beside, and the labels of those without effect.
    """
    family = Limits((found.fitting[0].rule.name,), limits.options)
    astray: dict[Slot, Agreement] = {}
    silent: set[str] = set()
    for slot in every:
        now = next(other for other in found.course.question.slots if other.label == slot.label)
        if now == slot or now != slot.at_default():
            continue
        slots = tuple(slot if other is now else other for other in found.course.question.slots)
        course = asked_with(found.course.question, session, slots=slots)
        if course is None:
            continue
        if not course.differs(found.course):
            silent.add(slot.label)
            continue
        mine = search(course, _active(slots, tuple(_quiet(course, session))), family)
        if mine.within_rounding:
            found = mine
        elif mine.following is not None:
            astray[slot] = mine.following[0]
    return found, astray, silent


def _with_quiet(found: Found, idle: Sequence[Slot]) -> Found:
    """Give settings without effect the part that they are called after, or beside which they stand.

    A candidate in which such a setting has an effect is none, where another is left.
    """
    filled = {candidate.key: candidate for candidate in (_filled(one, idle) for one in reversed(found.fitting))}
    kept = [candidate for candidate in reversed(filled.values()) if agreement(candidate, found.course).whole]
    return dataclasses.replace(found, fitting=tuple(kept)) if kept else found


def _filled(candidate: Candidate, idle: Sequence[Slot]) -> Candidate:
    slots = dict(candidate.slots)
    named = {(slot.name, keyword.partition("[")[0]) for keyword, slot in candidate.named.items()}
    free = [slot for slot in idle if slot.label not in {s.label for s in slots.values()}]
    for item in candidate.rule.hyperparameters:
        name, place = placed(item.keyword)
        alike = [slot for slot in free if slot.label == item.keyword]
        beside = [slot for slot in free if slot.place == place and (slot.name, name) in named]
        alike = alike or (beside if place is not None else [])
        alike = alike or [slot for slot in free if slot.default == item.default != 0.0]
        if item.symbol.name not in slots and alike:
            slots[item.symbol.name] = alike[0]
            free.remove(alike[0])
    fixed = {name: value for name, value in candidate.fixed.items() if name not in slots}
    return Candidate(candidate.rule, slots, fixed, tuple(free))


def _narrowed_down(found: Found, session: Session) -> Found:
    """Ask again, with a learning rate that is changed on the way and with settings at 0, to tell candidates apart."""
    best, question = found.fitting[0], found.course.question
    rate = best.named.get(LR)
    if rate is not None:
        course = asked_with(question, session, changes=(dataclasses.replace(rate, value=rate.value / 4),))
        if course is not None and course.differs(found.course):
            found = told_apart(found, course)
    idle = {slot.label for name, slot in best.named.items() if name != LR and slot.sort != WEIGHT}
    for labels in [*({label} for label in sorted(idle)), idle]:
        if len(found.fitting) > 1:
            slots = tuple(dataclasses.replace(s, value=0.0) if s.label in labels else s for s in question.slots)
            course = asked_with(question, session, slots=slots)
            found = told_apart(found, course) if course is not None else found
    return found


def _without_optional(found: Found, session: Session) -> tuple[Found, list[Switch]]:
    """Leave a setting None by default to its default, where the rule has a variant without it."""
    optional = []
    for slot in found.course.question.slots:
        best = found.fitting[0]
        part = next((keyword for keyword, mine in best.named.items() if mine == slot and slot.unset), None)
        if part is None:
            continue
        question = found.course.question
        slots = tuple(other.at_default() if other is slot else other for other in question.slots)
        course = asked_with(question, session, slots=slots)
        without = [
            rule
            for rule in Limits((best.rule.name,)).rules(found.course)
            if part not in {h.keyword for h in rule.hyperparameters}
        ]
        if course is not None and without:
            plain = explained(course, (as_in(asked_again(best, course), rule) for rule in without))
            if plain.fitting:
                optional.append(Switch(slot.name, slot.value, best))
                fitting = _fewest_changes_first(best, plain.fitting)
                found = dataclasses.replace(plain, fitting=fitting, following=found.following)
    return found, optional


def _fewest_changes_first(best: Candidate, fitting: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(fitting, key=lambda one: len(changed_options(best.rule, one.rule))))


def _switches(start: Opened, found: Found, session: Session) -> Iterator[Switch]:
    """Yield what each switch does to the rule."""
    for name, value in start.constructor.switches.items():
        tried = list(_tried(found, session, name, not value))
        explained_ones = (switch for switch in tried if switch.rule is not None)
        yield next(explained_ones, tried[0] if tried else Switch(name, not value, None, REFUSED))


def _tried(found: Found, session: Session, name: str, value: object) -> Iterator[Switch]:
    """Yield what a switch does beside numbers with which it is taken, until something explains its steps.

    Beside a number that is at work it may do what no rule does: Nesterov's momentum with a dampening.
    """
    question, best, unexplained = found.course.question, found.fitting[0], False
    given = {**question.constructor, name: value}
    for slots in _with_some_off(question.slots):
        course = asked_with(question, session, constructor=given, slots=slots)
        base = found.course if slots == question.slots else asked_with(question, session, slots=slots)
        if course is None or base is None:
            continue
        switch = _explained(name, value, course, best) if course.differs(base) else Switch(name, value, None, NO_CHANGE)
        yield switch
        unexplained = unexplained or switch.said == UNEXPLAINED
        if switch.rule is not None or not unexplained:
            return


def _with_some_off(slots: tuple[Slot, ...]) -> Iterator[tuple[Slot, ...]]:
    """Yield numbers beside which a switch may be legal: all at work, one off, all off that may be."""
    off = [slot for slot in slots if slot.sort == OFF]
    yield slots
    for one in off:
        yield tuple(slot.at_default() if slot is one else slot for slot in slots)
    if len(off) > 1:
        yield tuple(slot.at_default() if slot in off else slot for slot in slots)


def _explained(name: str, value: object, course: Course, best: Candidate) -> Switch:
    family = Limits((best.rule.name,)).rules(course)
    as_asked = asked_again(best, course)
    mine = explained(course, (as_in(as_asked, rule) for rule in family))
    if not mine.fitting:
        every = ((rule, {h.keyword for h in rule.hyperparameters}) for rule in ANYTHING.rules(course))
        mine = explained(course, (as_in(as_asked, rule) for rule, own in every if best.named.keys() <= own))
    if not mine.fitting:
        return Switch(name, value, None, UNEXPLAINED)
    nearest = _fewest_changes_first(best, mine.fitting)[0]
    if nearest.rule is best.rule:
        return Switch(name, value, None, NO_CHANGE)
    return Switch(name, value, nearest)


def changed_options(before: UpdateRule, after: UpdateRule) -> dict[str, str]:
    """Return the options of a rule that another one has not, with their values."""
    return {name: value for name, value in after.options.items() if before.options.get(name) != value}


def _on_vectors(question: Question, best: Candidate, session: Session) -> Candidate | None:
    """Return what explains the steps of vectors, where that is another variant."""
    if question.shapes != MATRICES:
        return None
    course = asked_with(question, session, shapes=VECTORS)
    if course is None:
        return None
    if best.rule.ranks[0] <= 1 and not best.rule.matrices and agreement(best, course).whole:
        return None
    family = Limits((best.rule.name,)).rules(course)
    mine = explained(course, (as_in(best, rule) for rule in family))
    return mine.fitting[0] if mine.fitting else None
