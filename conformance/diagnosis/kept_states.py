"""States that begin at another value, or are not written back in some step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import sympy as sp

from conformance.diagnosis.hypothesis import Hypothesis, Sort
from conformance.diagnosis.recordings import Recording
from conformance.diagnosis.regimes import ALIKE, LEAST
from conformance.optimizers.agreement import Slab, slabs
from conformance.optimizers.subject import WorkerSubject
from reference.formats import Array
from reference.intervals.enclosure import program
from reference.intervals.exact import exact_step
from spec.rule import ELEMENT, Assignment, State, UpdateRule
from spec.symbols import t

LATEST = 10
"""The latest step of which it is asked whether a state is left out there."""
MOST_STEPS = 6
LEAST_SHARE = 2.0**-10
"""A state is read off a result in which it has at least this share."""


def of_states(subject: WorkerSubject, failing: Sequence[Recording]) -> Iterator[Hypothesis]:
    """Yield where a state may begin, as the first steps show it, and in which steps it may be left as it was."""
    made = [(run.case.steps, item.count) for run in failing for item in run.prepared]
    steps = {count + step for length, count in made for step in range(1, length + 1)}
    late = sorted(step for step in steps if 1 < step <= LATEST)[:MOST_STEPS]
    plain = subject.rules[min(subject.rules, key=len)]
    for state in plain.states:
        if state.scalar or state.per != ELEMENT:
            continue
        start = _start(subject, state, failing)
        if start is not None:
            begun = {key: _beginning(rule, state, start) for key, rule in subject.rules.items()}
            formula = f"the formula begins at {state.initial}"
            yield Hypothesis(f"{state.keyword} begins at {start:.9g}", Sort.VALUE, formula, begun)
        conditions: dict[str, sp.Basic] = {"": sp.true, " in the first step": sp.Eq(t, 1)}
        conditions |= {f" in step {step}": sp.Eq(t, step) for step in late}
        for when, condition in conditions.items():
            kept = {key: _left(rule, state, condition) for key, rule in subject.rules.items()}
            yield Hypothesis(f"{state.keyword} is not written back{when}", Sort.VALUE, rules=kept)


def _beginning(rule: UpdateRule, state: State, start: float) -> UpdateRule:
    states = (dataclasses.replace(s, initial=sp.Rational(repr(start))) if s == state else s for s in rule.states)
    return dataclasses.replace(rule, states=tuple(states))


def _left(rule: UpdateRule, state: State, condition: sp.Basic) -> UpdateRule:
    """Return the rule in which a state is what it was before a step in which the condition holds."""
    if state not in rule.states:
        return rule
    new = sp.Symbol(f"{state.updated.name}_kept", **state.updated.assumptions0)
    value = state.symbol if condition is sp.true else sp.Piecewise((state.symbol, condition), (state.updated, True))
    states = tuple(dataclasses.replace(s, updated=new) if s == state else s for s in rule.states)
    line = Assignment(f"{state.meaning} as it is kept", new, value)
    return dataclasses.replace(rule, states=states, program=(*rule.program, line))


def _start(subject: WorkerSubject, state: State, runs: Sequence[Recording]) -> float | None:
    """Return the one value at which a state begins by most first steps, nothing where there is none.

    Whether all results follow from it is judged as of any hypothesis.
    """
    found: list[float] = []
    for run in (run for run in runs if run.case.steps == 1 and run.from_start):
        rule = subject.rules[run.case.switches]
        for slab in slabs(run.case, run.prepared, run.outcome, rule):
            if state in rule.states and slab.size and state.symbol.name in slab.after:
                found += _starts(subject, rule, state, run, slab)
    if len(found) < LEAST:
        return None
    middle = float(f"{np.median(found):.6g}")
    alike = sum(abs(value - middle) <= ALIKE * max(1.0, abs(middle)) for value in found)
    return middle if 2 * alike > len(found) else None


def _starts(subject: WorkerSubject, rule: UpdateRule, state: State, run: Recording, slab: Slab) -> Iterator[float]:
    """Yield where a state that enters its own line in proportion began, by what it is after the first step."""
    name, compiled = state.symbol.name, program(rule, frozenset())

    def after(value: float) -> Array:
        before = {**slab.before, name: np.full_like(slab.before[name], value)}
        made = exact_step(compiled, subject.storage, slab.scalars, before, run.outcome.state_formats)
        return np.asarray(made[name], dtype=float).reshape(-1)

    with np.errstate(all="ignore"):
        none, one = after(0.0), after(1.0)
        got = slab.after[name].reshape(-1).astype(float)
        values = (got - none) / (one - none)
        told = np.isfinite(values) & (abs(one - none) >= LEAST_SHARE * np.maximum(abs(none), 1.0))
    yield from (float(value) for value in values[told])
