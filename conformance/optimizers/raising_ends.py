"""The ends of settings at which steps of an unknown optimizer raise: what else is asked of it is judged beside them."""

from __future__ import annotations

import dataclasses

from conformance.engine.evidence import Stop
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import prepare
from conformance.optimizers.subject import WorkerSubject
from impls.failures import TargetError, WorkerFailure
from impls.session import NotAsked
from spec.rule import Hyperparameter, UpdateRule


def end_that_raises(subject: WorkerSubject, stop: Stop) -> str:
    """Return the setting, by symbol, at whose lower end alone a case stopped an undeclared subject; else nothing."""
    if subject.found is None or not isinstance(stop.error, TargetError) or not isinstance(stop.case, Case):
        return ""
    rule = subject.rules[stop.case.switches]
    ends = (item for item in rule.hyperparameters if item.symbol.name not in subject.fixed)
    return next((item.symbol.name for item in ends if _steps_beside(subject, rule, item, stop.case)), "")


def _steps_beside(subject: WorkerSubject, rule: UpdateRule, item: Hyperparameter, case: Case) -> bool:
    """Tell whether a case has a setting at its lower end, and makes its steps with the default in that place."""
    low, name = item.domain.low, item.symbol.name
    given = [*(group.hyperparameters for group in case.groups), *case.changes]
    if item.domain.low_open or item.default in {low, item.domain.high} or low not in (part.get(name) for part in given):
        return False
    groups = tuple(
        dataclasses.replace(group, hyperparameters={**group.hyperparameters, name: item.default})
        for group in case.groups
    )
    changes = tuple({**change, name: item.default} if name in change else change for change in case.changes)
    beside = dataclasses.replace(case, groups=groups, changes=changes)
    try:
        subject.run(beside, prepare(beside, rule, subject.storage))
    except (NotAsked, TargetError, WorkerFailure):
        return False
    return True


def without_its_lower_end(rule: UpdateRule, name: str) -> UpdateRule:
    """Return the rule with a setting, by symbol, of which the lower end is not drawn."""
    kept = tuple(
        dataclasses.replace(item, domain=dataclasses.replace(item.domain, low_open=True))
        if item.symbol.name == name
        else item
        for item in rule.hyperparameters
    )
    return dataclasses.replace(rule, hyperparameters=kept)
