"""Reads what a stranger's optimizer offers from its signature and two trial steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.own_references import entries
from conformance.subject import KEYWORD
from impls.catalogue import FLOATS, ExecutionPath, Implementation
from impls.session import Session
from reference.formats import FLOAT64
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import ALL_FORMS, Profile
from spec import rules as book
from spec.rule import State, UpdateRule
from spec.symbols import PARAMETER, g

ANY_FORM: dict[str, Any] = {
    "forms": ("*",),
    "units": {"root": 1.0},
    "coefficient": "storage",
    "bound": "storage",
}
"""What the framework's eager operations may do to anybody's code, whatever form it takes."""
SWITCHES = {
    "amsgrad": ("amsgrad", "raw"),
    "centered": ("centered", "yes"),
    "decoupled_weight_decay": ("decay", "decoupled"),
    "maximize": ("maximize", "yes"),
    "nesterov": ("nesterov", "yes"),
}
"""Constructor keywords by which torch and those who follow it choose an option."""


class NotJudgeableError(Exception):
    """The target cannot be judged; the message says why and what to do."""


def catalogued(target: str) -> Implementation | None:
    """Return the catalogue's entry for a target or an identifier."""
    return next((i for i in entries() if target in {i.target, i.identifier, i.adapts}), None)


def recognise(target: str, rule: str, options: Mapping[str, str], session: Session) -> Implementation:
    """Return a catalogue entry for ``target``; raises ``NotJudgeableError`` for what has none."""
    called = [i for i in entries() if target in {i.target, i.identifier, i.adapts} and i.rule == rule]
    known = next((i for i in called if options in ({}, dict(i.options))), None)
    if known is not None:
        return known
    answer = session.request({"op": "describe", "target": target, "constructor": {}}).header
    if not answer.get("is_optimizer"):
        raise NotJudgeableError(
            f"`{target}` is not a subclass of torch.optim.Optimizer; name the class of an optimizer"
        )
    searching = next((i for i in entries() if i.adapts and i.rule == rule), None)
    if searching is not None:
        return _adapted(searching, target)
    parameters = {item["name"] for item in answer["signature"] or ()}
    if "momentum" in parameters:  # without momentum no buffer would be shown
        momentum = {"momentum": 0.5}
        answer = session.request({"op": "describe", "target": target, "constructor": momentum}).header
    family, meant = book.names()[rule]
    chosen = {**meant, **options}
    if "decay" not in chosen and "weight_decay" in parameters:
        chosen["decay"] = "coupled"
    formula = book.build(rule, chosen)
    fixed = {
        h.keyword: 0.0 if 0.0 in h.domain else h.default
        for h in formula.hyperparameters
        if _name(h.keyword) not in parameters and h.keyword != "lr"
    }
    states, counter = _states(answer, formula)
    offered = {(option.name, value) for option in family.options for value in option.values}
    switches = {
        name: option
        for name, option in SWITCHES.items()
        if name in parameters and option in offered and option[0] not in options
    }
    extra = {k: v for k, v in chosen.items() if meant.get(k) != v}
    return Implementation(target, target, rule, _paths(parameters), extra, switches, states, counter, fixed)


def _adapted(entry: Implementation, target: str) -> Implementation:
    """Return the entry of a minimiser with another one behind its adapter."""
    paths = tuple(
        dataclasses.replace(path, constructor={**path.constructor, "minimiser": target})
        for path in entry.paths
    )
    return dataclasses.replace(entry, identifier=target, adapts=target, paths=paths)


def _name(keyword: str) -> str:
    match = KEYWORD.match(keyword)
    assert match is not None
    return match[1]


def _paths(parameters: set[str]) -> tuple[ExecutionPath, ...]:
    flags: list[str] = [name for name in ("foreach", "fused") if name in parameters]
    off: dict[str, Any] = dict.fromkeys(flags, False)
    paths = [ExecutionPath("single-tensor" if flags else "default", off, ("cpu", "cuda"), FLOATS, ANY_FORM)]
    paths += [ExecutionPath(f, {**off, f: True}, ("cpu", "cuda"), FLOATS, ANY_FORM) for f in flags]
    return tuple(paths)


def _states(answer: Mapping[str, Any], rule: UpdateRule) -> tuple[dict[str, str], str | None]:
    """Match the rule's states to the keys shown after a trial step, by name or by value."""
    trial = answer.get("trial") or {}
    if not trial.get("steps"):
        return {}, "step"
    shown = trial["steps"][0]["state"]
    counter = next((key for key in ("step", "t", "steps") if key in shown), None)
    matched: dict[str, str] = {}
    for state in rule.states:
        by_name = state.keyword in shown and shown[state.keyword]["kind"] != "none"
        matched[state.keyword] = state.keyword if by_name else _by_value(trial, rule, state)
    if "" in matched.values():
        matched = dict.fromkeys(matched, "")
    return {state: key for state, key in matched.items() if key != state}, counter


def _by_value(trial: Mapping[str, Any], rule: UpdateRule, state: State) -> str:
    """Return the key whose values after the first trial step lie in the state's enclosure."""
    step = trial["steps"][0]
    settings = {h.symbol.name: _setting(trial, h.keyword, h.default) for h in rule.hyperparameters}
    size = len(step["gradient"])
    before = {s.symbol.name: np.full(size, float(s.initial)) for s in rule.states}
    before |= {
        PARAMETER.symbol.name: np.array(trial["parameter"]),
        g.name: np.array(step["gradient"]),
    }
    enclosure = StepEnclosure(rule, Profile(forms=frozenset({ALL_FORMS})), FLOAT64, {**settings, "t": 1.0})
    with np.errstate(all="ignore"):
        legal = enclosure(as_intervals(before, FLOAT64))[state.symbol.name]
    for key, item in step["state"].items():
        values = item.get("values")
        if values and len(values) == size and legal.contains(np.array(values)).all():
            return str(key)
    return ""


def _setting(trial: Mapping[str, Any], keyword: str, default: float) -> float:
    match = KEYWORD.match(keyword)
    assert match is not None
    value = trial.get("options", {}).get(match[1], default)
    if match[2] is not None and isinstance(value, (list, tuple)):
        value = value[int(match[2])]
    return float(value) if isinstance(value, (int, float)) else default
