"""Finds by their values where an unknown optimizer keeps each state of a rule, and its step count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.optimizers.subject import NEGATED
from conformance.recognition.state_names import named_alike
from conformance.recognition.trial import SHARED, TrialSteps
from reference.compiled.rounding import QuickEnclosure
from reference.expression import decided
from reference.formats import FLOAT64, FORMATS, Array, Format
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec.rule import ELEMENT, State, UpdateRule
from spec.symbols import PARAMETER, g

COUNTERS = ("step", "steps", "t")
"""What torch and those who follow it call the step count, where several places show it."""
HIDDEN = ""
NEAR = 2.0**-7
"""By how much, in relation to it, a state may be off that is taken for itself by its name."""


@dataclass(frozen=True)
class Places:
    """Where each state of a rule is kept, and the counts.

    ``played`` tells whether they must be set in what a step has left, for what else is kept there or set up then, or
    for its shape.  ``follows`` tells whether the parameter did what the rule says, and ``unfound`` are states that
    are kept nowhere.  ``shared_counts`` are counts of a group or of the optimizer beside those of the parameter.
    """

    states: Mapping[str, str]
    counters: tuple[str, ...]
    played: bool
    follows: bool
    unfound: tuple[str, ...] = ()
    shared_counts: tuple[str, ...] = ()


def places(trial: TrialSteps, rule: UpdateRule, scalars: Mapping[str, float], profile: Profile) -> Places:
    """Return where the states of a rule are found; ``scalars`` are all its settings, by symbol."""
    counters, shared = _counters(trial)
    leaves = {path: item for path, item in _leaves(trial) if path not in {*counters, *shared}}
    found, follows = _matched(trial, rule, scalars, profile, leaves)
    if not follows:  # the formula is another, or it is wrong: a name says more than a value, and than its sign
        found = {key: key if path == NEGATED + key else path for key, path in found.items()}
        rest = (state for state in rule.states if state.keyword not in found)
        found |= {s.keyword: s.keyword for s in rest if _size(leaves.get(s.keyword, {})) == _cells(s, trial)}
        found |= _called(trial, rule, leaves, found)
        counters = counters or tuple(_so_called(trial))
    elif len(found) < len(rule.states):
        found |= _nearly(trial, rule, leaves, _legal(trial, rule, scalars, profile, {}), found)
    unfound = tuple(state.keyword for state in rule.states if state.keyword not in found)
    own = {path for path in trial.steps[-1]["state"] if not path.startswith(SHARED)}
    named = {path.removeprefix(NEGATED).partition("/")[0] for path in (*found.values(), *counters)}
    beside = any(path.partition("/")[0] not in named for path in own)
    kept = ((state, leaves.get(found.get(state.keyword, "").removeprefix(NEGATED))) for state in rule.states)
    reshaped = any(item and state.per == ELEMENT and not _has_shape(item, state, trial) for state, item in kept)
    played = beside or reshaped or not _plain((*found.values(), *counters)) or _sets_up(trial, counters)
    return Places(found, counters, played, follows, unfound, shared)


def idle(trial: TrialSteps, rule: UpdateRule, scalars: Mapping[str, float], profile: Profile, read: Places) -> bool:
    """Tell whether the parameter does what the rule says, and a state that has no part in it then does not."""
    legal = _legal(trial, rule, scalars, profile, {})
    held = ((state, read.states[state.keyword]) for state in rule.states if read.states.get(state.keyword))
    kept = all(path in _signs(path.removeprefix(NEGATED), state, trial, legal) for state, path in held)
    return not kept and _holds(legal, trial)


def _called(
    trial: TrialSteps, rule: UpdateRule, leaves: Mapping[str, Mapping[str, Any]], found: Mapping[str, str]
) -> dict[str, str]:
    """Return the places of states that have another name for them, or that alone are left."""
    taken = {path.removeprefix(NEGATED) for path in found.values()}
    rest = [(state.keyword, state.symbol.name) for state in rule.states if state.keyword not in found]
    sizes = {state.keyword: _cells(state, trial) for state in rule.states}
    return named_alike(rest, {path: _size(item) for path, item in leaves.items() if path not in taken}, sizes)


def _sets_up(trial: TrialSteps, counters: Collection[str]) -> bool:
    """Tell whether the first step changes what a group or the optimizer keeps beside the counts, or begins a count."""
    before, after = ({path: item for path, item in held.items() if path.startswith(SHARED)} for held in trial.ends)
    begun = any(path not in before for path in counters if path.startswith(SHARED))
    return begun or any(before.get(path) != after.get(path) for path in {*before, *after} - set(counters))


def _nearly(
    trial: TrialSteps,
    rule: UpdateRule,
    leaves: Mapping[str, Mapping[str, Any]],
    legal: list[dict[str, Interval]],
    found: Mapping[str, str],
) -> dict[str, str]:
    """Return the states that have their own name and are a little off after every step: wrong, and not kept otherwise.

    A state that is kept scaled or corrected differs from the rule's by a factor.
    """
    named = {}
    for state in (state for state in rule.states if state.keyword not in found and state.keyword in leaves):
        held = [_values(step["state"].get(state.keyword, {}), state, trial) for step in trial.steps]
        pairs = zip(held, (step[state.symbol.name] for step in legal), strict=True)
        if all(values is not None and _is_near(values, interval) for values, interval in pairs):
            named[state.keyword] = state.keyword
    return named


def _is_near(values: Array, interval: Interval) -> bool:
    room = NEAR * np.maximum(np.abs(interval.lo), np.abs(interval.hi))
    return bool(np.all((interval.lo - room <= values) & (values <= interval.hi + room)))


def _plain(paths: Iterable[str]) -> bool:
    """Tell whether paths are keys of a state alone, or counts of groups."""
    return not any("/" in path or path.startswith("optimizer:") for path in paths)


def _counters(trial: TrialSteps) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where a number is that of the steps made, the likeliest first, and where else it is, shared by several."""
    found = []
    for path, first in trial.steps[0]["state"].items():
        seen = [step["state"].get(path, {}) for step in trial.steps]
        numbers = [list(item.get("values") or []) for item in seen]
        count = all(len(each) == 1 and each[0] == made for made, each in enumerate(numbers, start=1))
        if count and first.get("dtype") != "bool":
            found.append(path)
    own = [path for path in found if trial.is_own(path)]
    near = [path for path in found if path.count("/") == 0 or not path.startswith("optimizer:")]
    likeliest = sorted(own or near or found, key=lambda path: (path.startswith("optimizer:"), path not in COUNTERS))
    return tuple(likeliest), tuple(path for path in near if own and path not in own and path.startswith("group:"))


def _so_called(trial: TrialSteps) -> Iterator[str]:
    """Yield a number that has the name of a count, and grows, though it is not that of the steps made."""
    for path in COUNTERS:
        seen = [list(step["state"].get(path, {}).get("values") or []) for step in trial.steps]
        if all(len(each) == 1 for each in seen) and seen == sorted(seen) and seen[0] < seen[-1]:
            yield path
            return


def _leaves(trial: TrialSteps) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is kept after the last step and may be a state: a parameter's own, or a tensor of one number.

    What several parameters share is larger where there are several.
    """
    for path, item in trial.steps[-1]["state"].items():
        number = item["kind"] == "tensor" and _size(item) == 1
        if item.get("values") is not None and (trial.is_own(path) or number):
            yield path, item


def _size(item: Mapping[str, Any]) -> int:
    values = item.get("values")
    return -1 if values is None else len(values)


def _cells(state: State, trial: TrialSteps) -> int:
    return int(np.prod(state.shape(trial.shape), dtype=int))


def _matched(
    trial: TrialSteps,
    rule: UpdateRule,
    scalars: Mapping[str, float],
    profile: Profile,
    leaves: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, str], bool]:
    """Return the place of each state whose values are legal after every step, and whether the parameter's are."""
    found: dict[str, str] = {}
    follows = False
    kept = {item["dtype"] for item in leaves.values() if item["kind"] == "tensor" and item["dtype"] in FORMATS}
    for form in (trial.storage, *(FORMATS[name] for name in sorted(kept - {trial.storage.name}))):
        missing = [state for state in rule.states if state.keyword not in found]
        formats = {state.symbol.name: form for state in missing if not state.scalar}
        if form is trial.storage:
            formats = {}
        legal = _legal(trial, rule, scalars, profile, formats)
        follows = follows or _holds(legal, trial)
        for state in missing:
            fitting = (path for path in _likeliest(state, leaves, trial) if path not in found.values())
            place = next((sign for path in fitting for sign in _signs(path, state, trial, legal)), None)
            if place is not None:
                found[state.keyword] = place
        if len(found) == len(rule.states):
            break
    return found, follows


def _likeliest(state: State, leaves: Mapping[str, Mapping[str, Any]], trial: TrialSteps) -> list[str]:
    """Return all paths, first the state's own name and what has its shape."""
    return sorted(leaves, key=lambda path: (path != state.keyword, not _has_shape(leaves[path], state, trial)))


def _has_shape(item: Mapping[str, Any], state: State, trial: TrialSteps) -> bool:
    return tuple(item.get("shape", ())) == state.shape(trial.shape)


def _signs(path: str, state: State, trial: TrialSteps, legal: list[dict[str, Interval]]) -> Iterator[str]:
    """Yield the path if what it holds is legal after every step, or the negated path if the opposite is."""
    held = [_values(step["state"].get(path, {}), state, trial) for step in trial.steps]
    for sign, mark in ((1.0, ""), (-1.0, NEGATED)):
        inside = (
            values is not None and bool(step[state.symbol.name].contains(sign * values).all())
            for values, step in zip(held, legal, strict=True)
        )
        if all(inside):
            yield mark + path


def _holds(legal: list[dict[str, Interval]], trial: TrialSteps) -> bool:
    name = PARAMETER.symbol.name
    return all(
        step[name].contains(np.array(seen["parameter"], dtype=float).reshape(step[name].lo.shape)).all()
        for step, seen in zip(legal, trial.steps, strict=True)
    )


def _values(item: Mapping[str, Any], state: State, trial: TrialSteps) -> Array | None:
    """Return what is shown of a state in its shape, or nothing where it has another size."""
    if _size(item) != _cells(state, trial):
        return None
    return np.array(item["values"], dtype=float).reshape(state.shape(trial.shape))


def _legal(
    trial: TrialSteps, rule: UpdateRule, scalars: Mapping[str, float], profile: Profile, formats: Mapping[str, Format]
) -> list[dict[str, Interval]]:
    """Return what is legal after each step, from the start."""
    work = trial.storage.work
    arrays = {PARAMETER.symbol.name: np.array(trial.description["parameter"], dtype=float).reshape(trial.shape)}
    known = {name: Interval.exactly(value.astype(work)) for name, value in arrays.items()}
    for state in rule.states:
        start = np.full(state.shape(trial.shape), float(decided(state.initial)(**scalars)))
        known[state.symbol.name] = Interval.exactly(start.astype(FLOAT64.work if state.scalar else work))
    numbers = [state.symbol.name for state in rule.states if state.scalar]
    found = []
    with np.errstate(all="ignore"):
        for count, step in enumerate(trial.steps, start=1):
            kept = {name: _number(known.pop(name)) for name in numbers}
            gradient = np.array(step["gradient"], dtype=float).reshape(trial.shape)
            known[g.name] = Interval.exactly(gradient.astype(work))
            enclosure = QuickEnclosure(rule, profile, trial.storage, {**scalars, "t": float(count)}, formats, kept)
            legal = enclosure(known)
            found.append(legal)
            known = {**known, **legal}
    return found


def _number(value: Interval) -> Interval:
    """Return a number for a whole tensor in the wide type of scalars."""
    lo, hi = (end.reshape(()).astype(FLOAT64.work) for end in (value.lo, value.hi))
    return Interval(lo, hi, *value.flags, point=value.point)
