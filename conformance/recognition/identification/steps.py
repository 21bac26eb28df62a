"""Trial steps: what an unknown optimizer makes of chosen parameters and gradients."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.recognition.identification.slots import Slot, settings
from impls.devices import HOST
from impls.session import Session
from reference.formats import FLOAT64, Array, Format

STEPS = 14
MATRICES = ((3, 2), (2, 4), (2, 2))
VECTORS = ((5,), (4,), (3,))
SIZES = (1.0, 8.0, 0.0)
"""The magnitude of each tensor's elements: moderate, beyond where norms are clamped, and zero."""
COURSE = (1.0, 2.0, 4.0, 0.5, 0.25, 1.0, 0.125, 3.0, 0.0625, 1.0, 0.5, 2.0, 0.25, 1.0)
"""How large the gradient of each step is: it falls below former ones, and grows beyond them again."""
STILL = 5
"""The step at which one tensor has no gradient but zeros."""
LATER = 7
"""The step before which the learning rate is changed."""


@dataclass(frozen=True)
class Question:
    """One run from the start: what is built, with which numbers, and what its steps are given.

    ``changes`` gives slots other numbers from the step ``LATER`` on.
    """

    target: str
    slots: tuple[Slot, ...]
    constructor: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = MATRICES
    storage: Format = FLOAT64
    gradient: str = "dense"
    framework: str = "torch"
    calling: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    changes: tuple[Slot, ...] = ()

    def value(self, slot: Slot, step: int) -> float:
        """Return the number in a slot at a step, counted from 1."""
        later = [other.value for other in self.changes if other.label == slot.label]
        return later[0] if later and step >= LATER else slot.value


@dataclass(frozen=True)
class Course:
    """What came of a question: each tensor's start, and its gradient and its values at every step."""

    question: Question
    starts: tuple[Array, ...]
    gradients: tuple[tuple[Array, ...], ...]
    values: tuple[tuple[Array, ...], ...]

    @functools.cached_property
    def came(self) -> tuple[tuple[Array, ...], ...]:
        """Each tensor's start and values, in float64."""
        courses = zip(self.starts, self.values, strict=True)
        return tuple((start.astype(float), *(value.astype(float) for value in values)) for start, values in courses)

    @functools.cached_property
    def given(self) -> tuple[tuple[Array, ...], ...]:
        """Each tensor's gradients, in float64."""
        return tuple(tuple(value.astype(float) for value in course) for course in self.gradients)

    @functools.cached_property
    def climbs(self) -> bool:
        """Tell whether a tensor that starts from zeros follows its gradient, as where it is maximized."""
        tensor = SIZES.index(0.0)
        with np.errstate(all="ignore"):
            return bool(np.sum(self.came[tensor][1] * self.given[tensor][0]) > 0)

    @functools.cached_property
    def moved(self) -> tuple[tuple[float, ...], ...]:
        """The size of each tensor's largest change at every step; where there is none, that of its values."""
        with np.errstate(all="ignore"):
            return tuple(
                tuple(_largest(now - before) or _largest(before) or 1.0 for before, now in itertools.pairwise(course))
                for course in self.came
            )

    def differs(self, other: Course) -> bool:
        """Tell whether another course of the same starts and gradients goes elsewhere, in half of its digits."""
        limit = 2.0 ** -(self.question.storage.precision // 2)
        with np.errstate(all="ignore"):
            return any(
                not _largest(mine - theirs) <= limit * size
                for course, others, sizes in zip(self.came, other.came, self.moved, strict=True)
                for mine, theirs, size in zip(course[1:], others[1:], sizes, strict=True)
            )


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values)))


def _drawn(question: Question) -> tuple[tuple[Array, ...], tuple[tuple[Array, ...], ...]]:
    """Return starts and gradients: numbers of few bits, the same for every question of these shapes."""
    generator = np.random.default_rng(7)
    starts, gradients = [], []
    for place, shape in enumerate(question.shapes):
        start = SIZES[place] * _few_bits(generator, shape)
        course = [COURSE[step] * _few_bits(generator, shape) for step in range(STEPS)]
        course[0].flat[0] = course[1].flat[0] = 0.0
        course[3].flat[-1] /= 128
        if place == 1:
            course[STILL - 1] = np.zeros(shape)
        starts.append(question.storage.stored(start))
        gradients.append(tuple(map(question.storage.stored, course)))
    return tuple(starts), tuple(gradients)


def _few_bits(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return numbers of either sign between 1/8 and 2 that every format holds exactly."""
    sign = np.where(generator.integers(0, 2, shape) == 0, -1.0, 1.0)
    return sign * generator.integers(8, 128, shape) / 64.0


def ask(question: Question, session: Session, chosen: tuple[tuple[Array, ...], ...] | None = None) -> Course:
    """Make the steps; raises ``TargetError`` or ``WorkerFailure`` where they cannot be made.

    ``chosen`` are each tensor's gradients, where they are not those of every question.
    """
    starts, gradients = _drawn(question)
    gradients = gradients if chosen is None else chosen
    torch = question.framework == "torch"
    given = settings(question.slots)
    changed = _changed(question)
    steps = [{"options": [changed]} if changed and step == LATER else {} for step in range(1, STEPS + 1)]
    header = {
        "op": "run" if torch else f"run_{question.framework}",
        "target": question.target,
        "device": HOST,
        "dtype": question.storage.name,
        "constructor": {**(given if torch else {}), **question.constructor},
        "calling": question.calling,
        "groups": [
            {
                "options": {} if torch else given,
                "tensors": [{"shape": list(shape), "count": 0} for shape in question.shapes],
            }
        ],
        "states": [],
        "state_dtypes": {},
        "counter": None,
        "compiled": False,
        "gradient": question.gradient,
        "steps": steps,
        "read": "every",
    }
    buffers = [start.tobytes() for start in starts]
    buffers += [gradients[tensor][step].tobytes() for step in range(STEPS) for tensor in range(len(starts))]
    answer = session.request(header, buffers)
    return Course(question, starts, gradients, _read(question, answer.buffers))


def _changed(question: Question) -> dict[str, Any]:
    """Return the settings of the group that are changed on the way, whole where they hold several numbers."""
    now = {slot.label: slot for slot in question.changes}
    names = {slot.name for slot in question.changes}
    return settings(now.get(slot.label, slot) for slot in question.slots if slot.name in names)


def _read(question: Question, buffers: Sequence[memoryview]) -> tuple[tuple[Array, ...], ...]:
    count = len(question.shapes)
    read = [np.frombuffer(buffer, question.storage.dtype) for buffer in buffers]
    return tuple(
        tuple(read[step * count + place].reshape(shape) for step in range(STEPS))
        for place, shape in enumerate(question.shapes)
    )
