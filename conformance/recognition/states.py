"""Finds where an unknown optimizer keeps each state of a rule, and its step count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.optimizers.agreement import shaped
from conformance.recognition.trial import TrialSteps
from reference.expression import decided
from reference.formats import Array
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import ALL_FORMS, Profile
from spec.rule import State, UpdateRule
from spec.symbols import PARAMETER, g

COUNTERS = ("step", "t", "steps")
"""Keys by which torch and those who follow it call the step count."""


def states(trial: TrialSteps, rule: UpdateRule, fixed: Mapping[str, float]) -> tuple[dict[str, str], str | None]:
    """Match the rule's states to the keys that are shown, by name or by value, and find the count.

    ``fixed`` holds the settings, by keyword, that the class does not offer.  All states are hidden
    where one is found nowhere.
    """
    matched: dict[str, str] = {}
    for state in rule.states:
        named = trial.first["state"].get(state.keyword, {})
        fits = _values(named, state, trial) is not None
        matched[state.keyword] = state.keyword if fits else _by_value(trial, rule, state, fixed)
    if "" in matched.values():
        matched = dict.fromkeys(matched, "")
    return {state: key for state, key in matched.items() if key != state}, _counter(trial)


def _counter(trial: TrialSteps) -> str | None:
    """Return where the steps are counted: in the state of a parameter, or in its group."""
    for key in COUNTERS:
        if key in trial.first["state"]:
            return key
    steps, options = len(trial.description["steps"]), trial.description["options"]
    return next((f"group:{key}" for key in COUNTERS if options.get(key) == steps), None)


def _values(item: Mapping[str, Any], state: State, trial: TrialSteps) -> Array | None:
    """Return what is shown of a state in its shape, or nothing where it has another size."""
    values, shape = item.get("values"), state.shape(trial.shape)
    if values is None or len(values) != np.prod(shape, dtype=int):
        return None
    return np.array(values, dtype=float).reshape(shape)


def _by_value(trial: TrialSteps, rule: UpdateRule, state: State, fixed: Mapping[str, float]) -> str:
    """Return the key whose values after the first trial step lie in the state's enclosure."""
    scalars = {h.symbol.name: fixed.get(h.keyword, trial.number(h.keyword, h.default)) for h in rule.hyperparameters}
    before = {PARAMETER.symbol.name: trial.description["parameter"], g.name: trial.first["gradient"]}
    arrays = {name: np.array(values, dtype=float) for name, values in before.items()}
    kept = dict(scalars)
    for other in rule.states:
        start = float(decided(other.initial)(**scalars))
        if other.scalar:
            kept[other.symbol.name] = start
        else:
            arrays[other.symbol.name] = np.full(other.shape(trial.shape), start)
    profile = Profile(forms=frozenset({ALL_FORMS}))
    with np.errstate(all="ignore"):
        enclosure = StepEnclosure(rule, profile, trial.storage, {**kept, "t": 1.0})
        legal = enclosure(as_intervals(shaped(rule, arrays, trial.shape), trial.storage))[state.symbol.name]
    for key, item in trial.first["state"].items():
        values = _values(item, state, trial)
        if values is not None and legal.contains(values).all():
            return str(key)
    return ""
