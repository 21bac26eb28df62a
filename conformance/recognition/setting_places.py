"""Finds where an unknown optimizer keeps each setting that its constructor takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.optimizers.setting_names import ON_OPTIMIZER, placed
from conformance.recognition.synonyms import names
from conformance.recognition.trial import TrialSteps
from spec.rule import UpdateRule

OFF = frozenset({"weight_decay", "dampening", "initial_accumulator_value", "lr_decay", "momentum", "momentum_decay"})
"""Settings that are 0 where a constructor does not offer them; others have the rule's default."""
IN_GROUP = "group:"


def in_groups(trial: TrialSteps, keywords: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the place of each setting of a trial where that is not the constructor's keyword.

    It is a key of the param group, an attribute of the optimizer, or nothing where its value is found
    nowhere.
    """
    found: dict[str, tuple[str, ...]] = {}
    for keyword, own in keywords.items():
        places = _holding(trial, trial.values[keyword])
        if not _has(trial.group, own[0]) or (own[0] not in places and places):
            found[keyword] = places[:1]
    return found


def _has(group: Mapping[str, Any], keyword: str) -> bool:
    name, place = placed(keyword)
    value = group.get(name)
    return name in group and (place is None or (isinstance(value, list | tuple) and place < len(value)))


def _holding(trial: TrialSteps, value: float) -> tuple[str, ...]:
    """Return the places that hold a value before the first step, those of the group first."""
    return (*_in_group(trial.group, value), *_on_optimizer(trial.before, value))


def _in_group(group: Mapping[str, Any], value: float) -> Iterator[str]:
    for key, held in group.items():
        if _is(held, value):
            yield key
        elif isinstance(held, list | tuple):
            yield from (f"{key}[{place}]" for place, item in enumerate(held) if _is(item, value))


def _on_optimizer(kept: Mapping[str, Any], value: float) -> Iterator[str]:
    for path, item in kept.items():
        numbers = list(item.get("values") or [])
        near = path.startswith(ON_OPTIMIZER) and path.count("/") <= 1
        if near and len(numbers) == 1 and _is(numbers[0], value):
            yield path


def _is(held: Any, value: float) -> bool:
    return isinstance(held, int | float) and not isinstance(held, bool) and held == value


def fixed_of(trial: TrialSteps, rule: UpdateRule, keywords: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """Return the value in force of each setting that cannot be given, by keyword.

    It is what the group holds under a name of the setting, and else the rule's default, or 0 for what is
    off unless it is asked for.
    """
    found = {}
    taken = {name for own in keywords.values() for name in own}
    for item in rule.hyperparameters:
        if item.keyword not in keywords:
            usual = 0.0 if item.keyword in OFF and 0.0 in item.domain else item.default
            shown = (_shown(trial.group, name) for name in names(item.keyword) if name not in taken)
            found[item.keyword] = next((value for value in shown if value is not None and value in item.domain), usual)
    return found


def _shown(group: Mapping[str, Any], keyword: str) -> float | None:
    name, place = placed(keyword)
    value = group.get(name)
    if place is not None and isinstance(value, list | tuple):
        value = value[place] if place < len(value) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
