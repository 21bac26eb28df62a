"""Proposes the fewest arguments and the plainest settings that still break a clause."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any

from conformance.contract.breach import Breach
from conformance.contract.case import ClauseCase
from conformance.engine.claim import Moves
from conformance.engine.reduction import greedy
from spec.rule import UpdateRule

SMALL = (1, 2, 3, 4, 5, 8, 16, 17)
KEPT = frozenset({"from", "other", "legal"})
"""Arguments whose parts belong together."""


def simpler(rule: UpdateRule, fixed: Collection[str], breach: Breach) -> Moves:
    """Propose simpler cases, and after each that still breaks the clause begin anew from it.

    Settings that are ``fixed``, by symbol, stay what they are.
    """
    return greedy(breach, lambda failure: (*_arguments(failure.case), *_plainer(rule, fixed, failure.case)))


def _plainer(rule: UpdateRule, fixed: Collection[str], case: ClauseCase) -> Iterator[ClauseCase]:
    for item in (item for item in rule.hyperparameters if item.symbol.name not in fixed):
        name = item.symbol.name
        for value in (0.0, item.default):
            if value in item.domain and item.keyword != "lr" and case.settings[name] not in {0.0, value}:
                yield dataclasses.replace(case, settings={**case.settings, name: value})


def _arguments(case: ClauseCase) -> Iterator[ClauseCase]:
    for key, value in case.arguments.items():
        if key not in KEPT:
            for simpler in _simpler(key, value):
                yield dataclasses.replace(case, arguments={**case.arguments, key: simpler})


def _simpler(key: str, value: Any) -> Iterator[Any]:
    """Yield simpler values of an argument, the simplest first."""
    if isinstance(value, bool) or not isinstance(value, (int, list)):
        return
    if isinstance(value, int):
        yield from (number for number in SMALL if number < value and key != "threads")
        return
    if key == "acts":
        yield from (value[:n] + value[n + 1 :] for n in reversed(range(len(value))))
    elif len(value) > 1 and key != "shape":
        yield from ([item] for item in value)
        yield value[: len(value) // 2]
        yield value[:-1]
    if key in {"shape", "sizes"}:
        for n, length in enumerate(value):
            yield from ([*value[:n], number, *value[n + 1 :]] for number in SMALL if number < length)
    if key == "shapes" and len(value) == 1:
        for simpler in _simpler("shape", value[0]):
            yield [simpler]
