"""The place in somebody's own file where what is wrong is written."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from conformance.diagnosis.hypothesis import Hypothesis
from conformance.diagnosis.recordings import Recording
from conformance.engine.methods import STEP
from conformance.engine.verdict import Finding
from conformance.optimizers.cases import Case
from conformance.optimizers.subject import WorkerSubject
from conformance.schedulers.subject import SchedulerSubject
from impls.session import NotAsked, TargetError, WorkerFailure
from impls.worker.place import PARAMETER
from spec.rule import UpdateRule

MOST_STEPS = 32
"""Longer runs are not followed line by line."""


def place_of_step(subject: WorkerSubject | SchedulerSubject, methods: tuple[str, ...] = STEP) -> str:
    """Return the file and the line at which the first of ``methods`` begins that somebody wrote, if it can be read."""
    target = subject.entry.target if isinstance(subject, SchedulerSubject) else subject.implementation.target
    try:
        answer = subject.session.request({"op": "step_place", "target": target, "methods": list(methods)}).header
    except (NotAsked, TargetError, WorkerFailure):
        return ""
    return str(answer["place"])


def place_of(
    subject: WorkerSubject, hypothesis: Hypothesis | None, findings: Sequence[Finding], runs: Sequence[Recording]
) -> str:
    """Return the file and the line that writes what is wrong, or where the step begins if no line can be told.

    One run is followed line by line; the last line that writes the parameter is the one, and the first that writes a
    state.
    """
    run = next((run for run in runs if run.case.steps <= MOST_STEPS), None)
    if run is not None and subject.implementation.framework == "torch":
        rule = subject.rules[run.case.switches]
        wrong = _changed(rule, hypothesis, run.case) or {finding.quantity for finding in findings}
        keys = subject.keys(rule)
        state = next((keys[name] for name in keys if name in wrong), "")
        lines = followed(subject, run)
        if state in lines:
            return lines[state][0]
        if PARAMETER in lines:
            return lines[PARAMETER][-1]
    return place_of_step(subject)


def followed(subject: WorkerSubject, run: Recording) -> dict[str, list[str]]:
    """Return the places at which the last step of a run writes the parameter, and each state by its key."""
    asked = {**subject.request(run.case, run.prepared, every=False), "op": "written_lines", "compiled": False}
    try:
        answer = subject.session.request(asked, subject.buffers(run.case, run.prepared)).header
    except (TargetError, NotAsked, WorkerFailure):
        return {}
    return dict(answer["lines"])


def _changed(rule: UpdateRule, hypothesis: Hypothesis | None, case: Case) -> set[str]:
    """Return the quantities whose own lines a hypothesis changes, by the symbols of what they were."""
    if hypothesis is None:
        return set()
    other = hypothesis.rules.get(case.switches)
    if other is None:
        return set()
    composed = {quantity.symbol.name: _with_own_lines(rule, quantity.updated) for quantity in rule.quantities}
    wrong = {quantity.symbol.name: _with_own_lines(other, quantity.updated) for quantity in other.quantities}
    return {name for name, expression in composed.items() if wrong.get(name, expression) != expression}


def _with_own_lines(rule: UpdateRule, updated: sp.Symbol) -> sp.Expr:
    """Return what a quantity becomes, in terms of what is known before the step and of other quantities after it."""
    others = frozenset(quantity.updated for quantity in rule.quantities) - {updated}
    return rule.composed(updated, keep=others)
