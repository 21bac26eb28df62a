"""How well a candidate explains trial steps: its formula in float64 beside what came, then its enclosure."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.recognition.identification.candidates import Candidate
from conformance.recognition.identification.steps import STEPS, Course
from reference import rules as references
from reference.compiled.rounding import QuickEnclosure
from reference.expression import decided
from reference.formats import FLOAT32, FLOAT64, FORMATS, Array
from reference.intervals.interval import Interval
from reference.profile import Profile
from reference.undefined import Undefined, valued
from spec.rule import UpdateRule
from spec.symbols import PARAMETER, g

EAGER: Mapping[str, Any] = {"forms": ("*",), "units": {"root": 1.0}, "coefficient": "storage", "bound": "storage"}
"""What a framework's eager operations may do to anybody's code, whatever form it takes."""
THETA, GRADIENT = PARAMETER.symbol.name, g.name


@dataclass(frozen=True, order=True)
class Agreement:
    """Through how many steps a candidate agrees in half of its digits, and how far it is off at the worst.

    ``distance`` is relative to the largest change of the tensor in that step; ``ratio`` is what came
    over what the candidate says for the element that is farthest off, at the first step that differs.
    """

    steps: int
    nearness: float
    ratio: float = 1.0

    @property
    def distance(self) -> float:
        """The largest distance in a step, up to the first that differs."""
        return -self.nearness

    @property
    def whole(self) -> bool:
        """Tell whether it agrees in every step."""
        return self.steps == STEPS


@functools.cache
def half(rule: UpdateRule) -> float:
    """Return one unit in the middle digit of the coarsest format in which a rule may be computed."""
    kept = [FORMATS[line.kept_in].precision for line in rule.program if line.kept_in]
    return float(2.0 ** -(min([FLOAT32.precision, *kept]) // 2))


def agreement(candidate: Candidate, course: Course) -> Agreement:
    """Compare a candidate with what came, step by step, until the first that differs."""
    limit = half(candidate.rule)
    steps, worst, ratio = STEPS, 0.0, 1.0
    for place in range(len(course.starts)):
        for step, value in enumerate(itertools.islice(simulated(candidate, course, place), steps), start=1):
            distance, there = _off(course, place, step, value)
            if not distance <= limit:
                steps, worst, ratio = step - 1, distance if np.isfinite(distance) else np.inf, there
                break
            worst = max(worst, distance) if steps == STEPS else worst
    return Agreement(steps, -worst, ratio)


def _off(course: Course, place: int, step: int, value: Array) -> tuple[float, float]:
    """Return how far a step is off, relative to the largest change, and the ratio of changes where it is most."""
    before, came = course.came[place][step - 1], course.came[place][step]
    with np.errstate(all="ignore"):
        error = np.where(np.isnan(came) & np.isnan(value), 0.0, np.abs(came - value))
        worst = int(error.argmax())
        distance = float(error.flat[worst]) / course.moved[place][step - 1]
        ratio = float((came - before).flat[worst] / (value - before).flat[worst])
        return distance, ratio


def simulated(candidate: Candidate, course: Course, place: int) -> Iterator[Array]:
    """Yield a tensor after each step as the reference of the rule computes it in float64."""
    rule, question = candidate.rule, course.question
    known = _start(candidate, course, place)
    step_of, options = valued(references.references()[rule.name]), rule.options
    with np.errstate(all="ignore"):
        for step in range(1, STEPS + 1):
            known[GRADIENT] = course.given[place][step - 1]
            try:
                known |= step_of(options, FLOAT64, candidate.scalars(question, step), known)
            except Undefined:
                yield np.full(question.shapes[place], np.nan)
                return
            yield known[THETA]


def _start(candidate: Candidate, course: Course, place: int) -> dict[str, Array]:
    shape = course.question.shapes[place]
    known = {THETA: course.came[place][0]}
    for name, per, initial in _beginnings(candidate.rule):
        first = 0.0 if initial is None else float(initial(**candidate.scalars(course.question, 1)))
        known[name] = np.full(per(shape), first)
    return known


@functools.cache
def _beginnings(
    rule: UpdateRule,
) -> tuple[tuple[str, Callable[[tuple[int, ...]], tuple[int, ...]], Callable[..., float] | None], ...]:
    """Return each state's symbol, its shape for a parameter's, and what it starts from where that is not 0."""
    return tuple(
        (state.symbol.name, state.shape, None if state.initial == 0 else decided(state.initial))
        for state in rule.states
    )


def enclosed(candidate: Candidate, course: Course) -> bool:
    """Tell whether every value that came lies in the candidate's enclosure, propagated from the start."""
    storage = course.question.storage
    declared = EAGER if course.question.framework == "torch" else {**EAGER, "flush": True, "scalar": storage.name}
    profile = Profile.from_mapping(declared, candidate.rule.name).on(storage)
    tensors = range(len(course.starts))
    if candidate.rule.elementwise:
        return _encloses(candidate, course, tuple(tensors), profile)
    return all(_encloses(candidate, course, (place,), profile) for place in tensors)


def _encloses(candidate: Candidate, course: Course, places: tuple[int, ...], profile: Profile) -> bool:
    """Tell it of tensors together, which are joined where each element counts for itself."""
    rule, question = candidate.rule, course.question
    work = question.storage.work
    starts = [_start(candidate, course, place) for place in places]
    numbers = [state.symbol.name for state in rule.states if state.scalar]
    joined = {name: starts[0][name] if name in numbers else _joined([s[name] for s in starts]) for name in starts[0]}
    known = {name: Interval.exactly(value.astype(work)) for name, value in joined.items()}
    with np.errstate(all="ignore"):
        for step in range(1, STEPS + 1):
            kept = {name: _number(known.pop(name)) for name in numbers}
            known[GRADIENT] = Interval.exactly(_joined([course.given[p][step - 1] for p in places]).astype(work))
            try:
                enclosure = QuickEnclosure(rule, profile, question.storage, candidate.scalars(question, step), {}, kept)
                known |= enclosure(known)
            except Undefined:
                return False
            came = _joined([course.values[p][step - 1] for p in places]).astype(work)
            if not known[THETA].contains(came.reshape(known[THETA].lo.shape)).all():
                return False
    return True


def _joined(arrays: list[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate([array.reshape(-1) for array in arrays])


def _number(value: Interval) -> Interval:
    """Return a number for a whole tensor in the wide type of scalars."""
    lo, hi = (end.reshape(()).astype(FLOAT64.work) for end in (value.lo, value.hi))
    return Interval(lo, hi, *value.flags, point=value.point)
