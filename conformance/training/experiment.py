"""One experiment: a problem and a rule, trained by everybody from one start, and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from conformance.subject import WorkerSubject, worker_subject
from conformance.training.course import Course, followed, prepared, trained
from conformance.training.judging import Judgement, judge
from conformance.training.problems import PROBLEMS, Problem
from impls.catalogue import CATALOGUE, Implementation
from impls.from_scratch import FROM_SCRATCH
from impls.session import Session
from reference.formats import FORMATS
from spec.rule import UpdateRule

STEPS, STEPS_OF_REPORT = 60, 30
LEARNING_RATES = {
    "digits": {"sgd": 0.1, "adam": 0.01, "adamw": 0.01, "rmsprop": 0.002},
    "regression": {"sgd": 0.1, "adam": 0.3, "adamw": 0.3, "rmsprop": 0.1},
    "convolution": {"sgd": 0.5, "adam": 0.03, "adamw": 0.03, "rmsprop": 0.01},
}
"""Rates that train in a few steps; where none stands, it is the rule's default."""
RULES = tuple(item.rule for item in CATALOGUE)
"""Those with an optimizer of torch, which trains with them."""
SHOWN = ("sgd", "rmsprop", "adam", "adamw")
"""The rules of the report's curves."""


@dataclass(frozen=True)
class Run:
    """One implementation's course: its losses, and what judging it gave."""

    implementation: str
    losses: tuple[float, ...]
    judgement: Judgement
    farthest: tuple[float, ...]
    """The largest distance of a parameter from the reference's, after each step."""


@dataclass(frozen=True)
class Experiment:
    """A problem trained by a rule: the reference's losses, and a run of each implementation."""

    problem: str
    title: str
    rule: str
    dtype: str
    settings: Mapping[str, float]
    parameters: int
    losses: tuple[float, ...]
    runs: tuple[Run, ...]

    @property
    def conforms(self) -> bool:
        """Tell whether every value of every run lies in both its enclosures."""
        judged = [run.judgement for run in self.runs]
        return not any(j.outside_local or j.outside_propagated for j in judged)


def settings_of(rule: UpdateRule, problem: str, learning_rate: float | None) -> dict[str, float]:
    """Return the rule's defaults with a learning rate that trains the problem in a few steps."""
    settings = {h.symbol.name: h.default for h in rule.hyperparameters}
    rate = next(h for h in rule.hyperparameters if h.keyword == "lr")
    usual = LEARNING_RATES[problem].get(_name(rule), rate.default)
    return {**settings, rate.symbol.name: usual if learning_rate is None else learning_rate}


def _name(rule: UpdateRule) -> str:
    return "adamw" if rule.name == "adam" and rule.options["decay"] == "decoupled" else rule.name


def implementations(rule: str) -> tuple[Implementation, ...]:
    """Return who trains with a rule: torch's optimizer, and the notebook where it is written out."""
    return tuple(item for item in (*CATALOGUE, *FROM_SCRATCH) if item.rule == rule)


def experiment(
    problem: str,
    rule: str,
    session: Session,
    *,
    steps: int = STEPS,
    dtype: str = "float32",
    learning_rate: float | None = None,
) -> Experiment:
    """Train a problem with a rule, by every implementation and by the reference, and judge each step."""
    given, storage = PROBLEMS[problem](), FORMATS[dtype]
    subjects = [
        worker_subject(item, item.paths[0], "cpu", storage, session) for item in implementations(rule)
    ]
    formula = subjects[0].rules[()]
    settings = settings_of(formula, problem, learning_rate)
    reference = followed(formula, storage, given, settings, steps, session)
    runs = tuple(_run(subject, given, settings, steps, reference) for subject in subjects)
    count = sum(array.size for array in given.parameters)
    return Experiment(problem, given.title, rule, dtype, settings, count, reference.losses, runs)


def _run(
    subject: WorkerSubject, problem: Problem, settings: Mapping[str, float], steps: int, reference: Course
) -> Run:
    formula = subject.rules[()]
    own = {h.symbol.name: settings.get(h.symbol.name, h.default) for h in formula.hyperparameters}
    course = trained(subject, problem, own, steps)
    tensors = prepared(formula, own, problem, course, subject.storage)
    name = formula.parameter.symbol.name
    farthest = tuple(_distance(course, reference, name, step) for step in range(steps))
    return Run(
        subject.implementation.identifier, course.losses, judge(subject, own, tensors, course), farthest
    )


def _distance(one: Course, other: Course, name: str, step: int) -> float:
    pairs = zip(one.values[step], other.values[step], strict=True)
    arrays = [(a[name], b[name]) for a, b in pairs]
    gaps = [
        np.abs(a.astype(float) - b.astype(float)).max() for a, b in arrays if a is not None and b is not None
    ]
    return float(max(gaps))
