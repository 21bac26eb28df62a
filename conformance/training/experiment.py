"""A problem and a rule, trained by everybody from one start, and judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from conformance.engine.exhibits import TrainingEntry, TrainingRunEntry
from conformance.optimizers.agreement import Outside
from conformance.optimizers.subject import WorkerSubject
from conformance.training.judging import judge
from conformance.training.problems import PROBLEMS, TrainingProblem
from conformance.training.runs import TrainingRun, course_of, followed
from spec.rule import UpdateRule

STEPS_OF_REPORT = 30
LEARNING_RATES = {
    "digits": {"sgd": 0.1, "adam": 0.01, "adamw": 0.01, "rmsprop": 0.002},
    "regression": {"sgd": 0.1, "adam": 0.3, "adamw": 0.3, "rmsprop": 0.1},
    "convolution": {"sgd": 0.5, "adam": 0.03, "adamw": 0.03, "rmsprop": 0.01},
}
"""Rates that train in a few steps; where none stands, it is the rule's default."""


def settings_of(rule: UpdateRule, problem: str, learning_rate: float | None) -> dict[str, float]:
    """Return the rule's defaults with a learning rate that trains the problem in a few steps."""
    settings = {h.symbol.name: h.default for h in rule.hyperparameters}
    rate = next(h for h in rule.hyperparameters if h.keyword == "lr")
    usual = LEARNING_RATES[problem].get(_name(rule), rate.default)
    return {**settings, rate.symbol.name: usual if learning_rate is None else learning_rate}


def _name(rule: UpdateRule) -> str:
    return "adamw" if rule.name == "adam" and rule.options["decay"] == "decoupled" else rule.name


def compared(
    problem: str, rule: str, subject: WorkerSubject, settings: Mapping[str, float], steps: int
) -> tuple[TrainingEntry, tuple[Outside, ...]]:
    """Train a problem with a subject and with the reference, from one start and with one setting.

    Returns what the report shows, and each quantity that is outside an enclosure.
    """
    given = PROBLEMS[problem]()
    reference = followed(subject.rules[()], subject.storage, given, settings, steps, subject.session)
    run, failures = _run(subject, given, settings, steps, reference)
    count, dtype = sum(array.size for array in given.parameters), subject.storage.name
    entry = TrainingEntry(problem, given.title, rule, dtype, dict(settings), count, reference.losses, (run,))
    return entry, failures


def _run(
    subject: WorkerSubject, problem: TrainingProblem, settings: Mapping[str, float], steps: int, reference: TrainingRun
) -> tuple[TrainingRunEntry, tuple[Outside, ...]]:
    made, name = course_of(subject, problem, settings, steps), subject.rules[()].parameter.symbol.name
    course = made.run
    farthest = tuple(_distance(course, reference, name, step) for step in range(steps))
    judged = judge(subject, made.settings, made.tensors, course)
    entry = TrainingRunEntry(
        subject.implementation.identifier,
        course.losses,
        farthest,
        judged.widths,
        values=judged.values,
        outside_step_by_step=judged.outside_local,
        outside_from_the_start=judged.outside_propagated,
        undecided=judged.undecided,
        finite_steps=judged.finite_steps,
    )
    return entry, judged.failures


def _distance(one: TrainingRun, other: TrainingRun, name: str, step: int) -> float:
    pairs = zip(one.values[step], other.values[step], strict=True)
    arrays = [(a[name], b[name]) for a, b in pairs]
    gaps = [np.abs(a.astype(float) - b.astype(float)).max() for a, b in arrays if a is not None and b is not None]
    return float(max(gaps))
