"""A course of training: what a library, a notebook or the reference does to the same start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from conformance.training.problems import TrainingProblem
from impls.session import Session
from reference import rules as references
from reference.formats import FORMATS, Array, Format
from spec.rule import UpdateRule


@dataclass(frozen=True)
class TrainingRun:
    """The loss before each step and after the last; for each step and tensor what was seen and left.

    ``gradients`` and ``values`` are indexed by step and tensor; the arrays are flat.
    """

    losses: tuple[float, ...]
    gradients: tuple[tuple[Array, ...], ...]
    values: tuple[tuple[Mapping[str, Array | None], ...], ...]
    state_formats: Mapping[str, Format]


@dataclass(frozen=True)
class TrainingCourse:
    """What an implementation trained: with which settings, of which tensors, and what came of it."""

    settings: Mapping[str, float]
    tensors: tuple[Prepared, ...]
    run: TrainingRun

    def before(self, index: int, step: int) -> dict[str, Array]:
        """Return what a tensor and its states were before a step; states that are not shown are those of the start."""
        left = self.run.values[step - 1][index] if step else {}
        return {**self.tensors[index].values, **{name: value for name, value in left.items() if value is not None}}


def course_of(
    subject: WorkerSubject, problem: TrainingProblem, settings: Mapping[str, float], steps: int
) -> TrainingCourse:
    """Return the course of an implementation with those of the settings that its rule has."""
    rule = subject.rules[()]
    own = {h.symbol.name: settings.get(h.symbol.name, h.default) for h in rule.hyperparameters}
    run = trained(subject, problem, own, steps)
    return TrainingCourse(own, prepared(rule, own, problem, run, subject.storage), run)


def trained(subject: WorkerSubject, problem: TrainingProblem, settings: Mapping[str, float], steps: int) -> TrainingRun:
    """Return the course of an implementation, trained in its worker."""
    rule = subject.rules[()]
    keys = subject.keys(rule)
    arrays = problem.arrays(subject.storage)
    header = {
        **_header("train", problem, subject.storage, arrays),
        "target": subject.implementation.target,
        "calling": dict(subject.implementation.calling),
        "constructor": constructor(subject, settings),
        "steps": steps,
        "states": list(keys.values()),
    }
    answer = subject.session.request(header, [array.tobytes() for array in arrays])
    formats = {
        symbol: FORMATS[answer.header["state_dtypes"].get(key, subject.storage.name)] for symbol, key in keys.items()
    }
    gradients, values = [], []
    queue = iter(answer.buffers)
    name, dtype = rule.parameter.symbol.name, subject.storage.dtype
    for _ in range(steps):
        seen, left = [], []
        for _ in problem.parameters:
            seen.append(np.frombuffer(next(queue), dtype))
            after: dict[str, Array | None] = {name: np.frombuffer(next(queue), dtype)}
            for symbol in keys:
                state = next(queue)
                after[symbol] = np.frombuffer(state, formats[symbol].dtype) if len(state) else None
            left.append(after)
        gradients.append(tuple(seen))
        values.append(tuple(left))
    return TrainingRun(tuple(answer.header["losses"]), tuple(gradients), tuple(values), formats)


def constructor(subject: WorkerSubject, settings: Mapping[str, float]) -> dict[str, Any]:
    """Return what the constructor of an optimizer that trains is given beside parameters."""
    return {**subject.options(subject.rules[()], settings), **subject.path.constructor}


def followed(
    rule: UpdateRule,
    storage: Format,
    problem: TrainingProblem,
    settings: Mapping[str, float],
    steps: int,
    session: Session,
) -> TrainingRun:
    """Return the course of the NumPy reference; torch computes the gradients at its parameters."""
    features, labels, *parameters = problem.arrays(storage)
    shapes = [array.shape for array in parameters]
    now = [start(rule, settings, array, storage) for array in parameters]
    name = rule.parameter.symbol.name
    losses, seen, left = [], [], []
    for step in range(steps + 1):
        own = [item[name].reshape(shape) for item, shape in zip(now, shapes, strict=True)]
        arrays = [features, labels, *own]
        header = _header("evaluate", problem, storage, arrays)
        answer = session.request(header, [np.ascontiguousarray(array).tobytes() for array in arrays])
        losses.append(float(answer.header["loss"]))
        if step == steps:
            break
        gradients = [np.frombuffer(buffer, storage.dtype) for buffer in answer.buffers]
        scalars = {**settings, "t": float(step + 1)}
        with np.errstate(all="ignore"):
            now = [
                references.step(rule, storage, scalars, {**item, GRADIENT: gradient})
                for item, gradient in zip(now, gradients, strict=True)
            ]
        seen.append(tuple(gradients))
        left.append(tuple(dict(item) for item in now))
    formats = {state.symbol.name: references.kept_in(state, storage) for state in rule.states}
    return TrainingRun(tuple(losses), tuple(seen), tuple(left), formats)


def start(rule: UpdateRule, settings: Mapping[str, float], parameter: Array, storage: Format) -> dict[str, Array]:
    """Return a flat parameter with the states that the rule begins with."""
    given = {h.symbol: settings[h.symbol.name] for h in rule.hyperparameters}
    before = {rule.parameter.symbol.name: parameter.reshape(-1)}
    for state in rule.states:
        shape = (1,) if state.scalar else before[rule.parameter.symbol.name].shape
        kept = references.kept_in(state, storage)
        before[state.symbol.name] = np.full(shape, float(state.initial.subs(given)), kept.dtype)
    return before


def prepared(
    rule: UpdateRule, settings: Mapping[str, float], problem: TrainingProblem, course: TrainingRun, storage: Format
) -> tuple[Prepared, ...]:
    """Return the tensors of a course as the judge takes them: the start, and every gradient."""
    _, _, *parameters = problem.arrays(storage)
    return tuple(
        Prepared(
            0, (array.size,), 0, start(rule, settings, array, storage), tuple(step[index] for step in course.gradients)
        )
        for index, array in enumerate(parameters)
    )


def _header(op: str, problem: TrainingProblem, storage: Format, arrays: list[Array]) -> dict[str, Any]:
    shapes = [list(array.shape) for array in arrays]
    return {"op": op, "problem": problem.name, "dtype": storage.name, "shapes": shapes}
