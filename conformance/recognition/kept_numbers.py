"""Finds by their values numbers that an unknown optimizer keeps from one step to the next, beside states and counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from conformance.optimizers.scalar_terms import MADE, scalar_terms
from conformance.recognition.trial import TrialSteps
from reference.formats import FLOAT64, FORMATS
from spec.rule import UpdateRule
from spec.symbols import t


def kept_numbers(
    trial: TrialSteps, rule: UpdateRule, scalars: Mapping[str, float], others: Collection[str]
) -> dict[str, str]:
    """Return what is kept of a parameter alone that is a number of the rule, by its path; ``others`` are none."""
    found = {}
    for path in trial.steps[-1]["state"]:
        if not trial.is_own(path) or path in others:
            continue
        kept = [step["state"].get(path, {}) for step in trial.steps]
        numbers = [list(item.get("values") or ()) for item in kept]
        if all(len(each) == 1 for each in numbers) and numbers[0] != numbers[-1]:
            values = [float(each[0]) for each in numbers]
            name = next(_names(rule, scalars, values, _roundoff(kept[-1])), None)
            if name is not None:
                found[path] = name
    return found


def _names(rule: UpdateRule, scalars: Mapping[str, float], values: Sequence[float], roundoff: float) -> Iterator[str]:
    """Yield the numbers of the rule that were kept after each step, to one rounding a step and two of the last."""
    for name, term in scalar_terms(rule).items():
        for ahead, mark in ((1, ""), (0, MADE)):
            try:
                meant = [term(**scalars, **{t.name: float(made + ahead)}) for made in range(1, len(values) + 1)]
            except (ValueError, ZeroDivisionError, OverflowError, TypeError):
                continue
            rooms = [(made + 2) * roundoff * max(1.0, abs(value)) for made, value in enumerate(meant, start=1)]
            if all(abs(kept - value) <= room for kept, value, room in zip(values, meant, rooms, strict=True)):
                yield name + mark


def _roundoff(item: Mapping[str, Any]) -> float:
    return FORMATS.get(str(item.get("dtype")), FLOAT64).unit_roundoff
