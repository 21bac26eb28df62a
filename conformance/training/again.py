"""The smallest steps that show again what a course of training has shown: each is tried before it is handed out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import prepare
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from conformance.training.cases import TrainingFailure
from conformance.training.problems import PROBLEMS
from conformance.training.runs import TrainingCourse, course_of
from impls.session import NotAsked, TargetError, WorkerFailure

DURING = " during `"
"""Stands in what is said of an exception, after its kind."""
MOST_NUMBERS = 40_000
"""A script with more is none that anybody reads: the course itself is told in fewer."""
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Again:
    """Steps from a recorded state that show a value, nothing where the course alone may; whether it was ``seen``."""

    steps: Outside | None = None
    seen: bool = False


def smallest(subject: WorkerSubject, failure: TrainingFailure) -> Again:
    """Return the steps with the fewest numbers that show a value again when they are tried."""
    seen, last = failure.seen, steps_of(failure)
    try:
        course = course_of(subject, PROBLEMS[failure.case.problem](), failure.case.settings, last)
        value = course.run.values[-1][seen.tensor].get(seen.quantity)
        if value is None or not _is_outside(seen, float(value.flat[seen.place])):
            return Again()
        made = (one for one in _steps(course, failure) if _shows(subject, one))
        return Again(next(made, None), seen=True)
    except (NotAsked, TargetError, WorkerFailure):
        return Again()


def raises(subject: WorkerSubject, failure: TrainingFailure) -> bool:
    """Tell whether a course raises again; one that ended its worker, or took all its time, is not tried again."""
    kind, during, _ = failure.said.partition(DURING)
    if not during:
        return True
    try:
        course_of(subject, PROBLEMS[failure.case.problem](), failure.case.settings, failure.case.steps)
    except TargetError as error:
        return error.kind == kind
    except (NotAsked, WorkerFailure):
        return False
    return False


def steps_of(failure: TrainingFailure) -> int:
    """Return how many steps of the course lead to a failure."""
    return failure.case.steps if failure.said else int(failure.seen.scalars["t"])


def _steps(course: TrainingCourse, failure: TrainingFailure) -> Iterator[Outside]:
    """Yield ways to make the step again, those with fewer numbers first: parts of its tensor, then every tensor.

    Each begins where the course stood before the step, and at the start.
    """
    seen, last = failure.seen, steps_of(failure)
    shapes = [array.shape for array in PROBLEMS[failure.case.problem]().parameters]
    found = []
    for count in dict.fromkeys((seen.case.groups[0].tensors[seen.tensor].count, 0)):
        for shape, places in _parts(shapes[seen.tensor], seen.place):
            part = _tensor(course, seen.tensor, shape, places, count)
            place = int(np.flatnonzero(places == seen.place)[0])
            found.append(_outside(seen, course, [part], 0, place, last - count))
        every = [
            _tensor(course, index, shape, np.arange(int(np.prod(shape))), count) for index, shape in enumerate(shapes)
        ]
        found.append(_outside(seen, course, every, seen.tensor, seen.place, last - count))
    sizes = [_numbers(one.case) for one in found]
    yield from (found[index] for index in np.argsort(sizes, kind="stable") if sizes[index] <= MOST_NUMBERS)


def _parts(shape: tuple[int, ...], place: int) -> Iterator[tuple[tuple[int, ...], Places]]:
    """Yield parts of a tensor that hold one of its elements: their shape, and the places of their elements."""
    every, index = np.arange(int(np.prod(shape))).reshape(shape), [int(at) for at in np.unravel_index(place, shape)]
    starts = [max(0, min(at, length - 2)) for at, length in zip(index, shape, strict=True)]
    one = every[tuple(slice(at, at + 1) for at in index)]
    two = every[tuple(slice(start, start + 2) for start in starts)]
    by_shape = {part.shape: part.reshape(-1) for part in (one.reshape(-1), one, two, every)}
    yield from by_shape.items()


def _tensor(course: TrainingCourse, index: int, shape: tuple[int, ...], places: Places, count: int) -> TensorCase:
    """Return some elements of a tensor as they were before a step, with every gradient that was seen from then on."""
    gradients = course.tensors[index].gradients
    before = {
        name: value[places] if value.size == gradients[0].size else value
        for name, value in course.before(index, count).items()
    }
    seen = np.concatenate([gradient[places] for gradient in gradients[count:]])
    values = {name: tuple(float(x) for x in value) for name, value in {**before, GRADIENT: seen}.items()}
    return TensorCase(shape, count, values=values)


def _outside(
    seen: Outside, course: TrainingCourse, tensors: list[TensorCase], tensor: int, place: int, steps: int
) -> Outside:
    case = Case((), (GroupCase(dict(course.settings), tuple(tensors)),), steps)
    return dataclasses.replace(seen, case=case, tensor=tensor, place=place, step=steps - 1)


def _numbers(case: Case) -> int:
    return sum(len(row) for group in case.groups for tensor in group.tensors for row in (tensor.values or {}).values())


def _shows(subject: WorkerSubject, steps: Outside) -> bool:
    """Tell whether steps lead to the value that is outside; what cannot be made shows nothing."""
    try:
        read = subject.run(steps.case, prepare(steps.case, subject.rules[()], subject.storage))
    except (TargetError, WorkerFailure):
        return False
    value = read.steps[-1][steps.tensor].values.get(steps.quantity)
    return value is not None and _is_outside(steps, float(value.flat[steps.place]))


def _is_outside(seen: Outside, value: float) -> bool:
    low, high = seen.legal
    return not low <= value <= high
