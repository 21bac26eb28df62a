"""Reduces a breach to the fewest arguments and the plainest settings that still break the clause."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from conformance.contract.case import ClauseCase
from conformance.contract.observation import RAISED, Breach
from spec.rule import UpdateRule

Judge = Callable[[ClauseCase], list[Breach]]
LARGEST_TRIALS = 120
SMALL = (1, 2, 3, 4, 5, 8, 16, 17)
KEPT = frozenset({"from", "other", "legal"})
"""Arguments whose parts belong together."""


class ClauseReduction:
    """One reduction: ``found`` is the smallest breach so far."""

    def __init__(self, rule_of: Callable[[ClauseCase], UpdateRule], judge: Judge) -> None:
        self.rule_of, self.judge, self.trials = rule_of, judge, 0

    def reduce(self, breach: Breach) -> Breach:
        """Return the smallest breach of the same kind; the given one if nothing smaller breaks."""
        found, changed = breach, True
        while changed and self.trials < LARGEST_TRIALS:
            changed = False
            case = found.case
            assert isinstance(case, ClauseCase)
            for simpler in (*_arguments(case), *self._plainer(case)):
                smaller = self._try(simpler, breach)
                if smaller is not None:
                    found, changed = smaller, True
                    break
        return found

    def _try(self, case: ClauseCase, like: Breach) -> Breach | None:
        self.trials += 1
        if self.trials > LARGEST_TRIALS:
            return None
        same = [item for item in self.judge(case) if kind(item) == kind(like)]
        return same[0] if same else None

    def _plainer(self, case: ClauseCase) -> Iterator[ClauseCase]:
        for item in self.rule_of(case).hyperparameters:
            name = item.symbol.name
            for value in (0.0, item.default):
                if value in item.domain and item.keyword != "lr" and case.settings[name] not in {0.0, value}:
                    yield dataclasses.replace(case, settings={**case.settings, name: value})


def kind(breach: Breach) -> tuple[bool, str]:
    """Return what makes two breaches the same: whether it raised, and what was compared."""
    return breach.quantity == RAISED, breach.quantity.rpartition(".")[2] if breach.step else ""


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
