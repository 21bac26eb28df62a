"""Cases that differ in one thing from one that is known to fail, by which the place of what is wrong is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from conformance.diagnosis.recordings import Recording
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.tensor_values import STILL

COUNTS = (0, 1, 2, 3)
NUMBERS = 8
"""Tensors without dimensions in one case: each has one element."""
LARGE = (70_001,)
ORDINARY = (64,)


def directed(subject: WorkerSubject, failing: Sequence[Recording]) -> Iterator[Case]:
    """Yield cases of another step or shape, a large tensor, no gradient, and groups that differ in a setting.

    Their settings are those of the shortest failing case of one step; there are none beside failing courses alone.
    """
    found = next((run.case for run in failing if run.case.steps == 1), None)
    if found is None or subject.hidden:
        return
    rule = subject.rules[found.switches]
    settings = found.groups[0].hyperparameters
    for count in COUNTS:
        yield _case(found, GroupCase(settings, (TensorCase(ORDINARY, count, count),)))
        if not rule.ranks[0]:
            numbers = tuple(TensorCase((), count, seed) for seed in range(NUMBERS))
            yield _case(found, GroupCase(settings, numbers))
    yield _case(found, GroupCase(settings, (TensorCase(LARGE, 1, 1),)))
    yield _case(found, GroupCase(settings, (TensorCase(ORDINARY, 1, 1, STILL),)))
    alike = GroupCase(settings, (TensorCase(ORDINARY, 1, 1),))
    yield _case(found, alike, alike)
    runs = [run.case for run in failing if run.case.switches == found.switches]
    others = [group.hyperparameters for case in runs for group in case.groups]
    for item in rule.hyperparameters:
        name = item.symbol.name
        other = next((each[name] for each in others if each[name] != settings[name]), None)
        if other is not None and name not in subject.fixed:
            yield _case(found, alike, dataclasses.replace(alike, hyperparameters={**settings, name: other}))


def _case(like: Case, *groups: GroupCase) -> Case:
    return Case(like.switches, groups)
