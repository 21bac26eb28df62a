"""Makes the catalogue entry of an unknown optimizer from its signature and two trial steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from conformance.catalogue.numpy_references import entries
from conformance.recognition.constructor import NotJudgeableError, parameters_of, setting_name
from conformance.recognition.options import DECAY, SWITCHES, decay_of
from conformance.recognition.states import states
from conformance.recognition.trial import try_steps
from impls.catalogue.entries import EVERYWHERE, ExecutionPath, Implementation
from impls.session import Session
from spec import rules as book

ANY_FORM: dict[str, Any] = {"forms": ("*",), "units": {"root": 1.0}, "coefficient": "storage", "bound": "storage"}
"""What the framework's eager operations may do to anybody's code, whatever form it takes."""
OFF = frozenset({DECAY, "dampening", "initial_accumulator_value", "lr_decay", "momentum", "momentum_decay"})
"""Settings that are 0 where a constructor does not offer them; others have the rule's default."""


def catalogued(target: str) -> Implementation | None:
    """Return the catalogue's entry for a target or an identifier."""
    return next((i for i in entries() if target in {i.target, i.identifier, i.adapts}), None)


def dotted(target: str) -> str:
    """Return the catalogue's target that is meant where a dot stands for its colon, or nothing."""
    meant = ":".join(target.rsplit(".", 1))
    return meant if catalogued(target) is None and catalogued(meant) is not None else ""


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
    family, meant = book.names()[rule]
    chosen = {**meant, **options}
    parameters = parameters_of(target, book.build(rule, chosen), answer["signature"])
    chosen |= decay_of(family, book.build(rule, chosen), chosen, parameters)
    formula = book.build(rule, chosen)
    trial = try_steps(target, formula, parameters, session)
    domains = {h.keyword: h.domain for h in formula.hyperparameters}
    fixed = {
        h.keyword: 0.0 if h.keyword in OFF and 0.0 in h.domain else h.default
        for h in formula.hyperparameters
        if setting_name(h.keyword) not in parameters and h.keyword != "lr"
    }
    shown, counter = states(trial, formula, fixed)
    offered = {(option.name, value) for option in family.options for value in option.values}
    switches = {
        name: option
        for name, option in SWITCHES.items()
        if name in parameters and option in offered and option[0] not in options
    }
    extra = {k: v for k, v in chosen.items() if meant.get(k) != v}
    without = {DECAY: 0.0} if DECAY in parameters and DECAY not in domains else {}
    return Implementation(
        target,
        target,
        rule,
        _paths(parameters, without),
        extra,
        switches,
        shown,
        counter,
        fixed,
        gradient=trial.gradient,
    )


def _adapted(entry: Implementation, target: str) -> Implementation:
    """Return the entry of a minimiser with another one behind its adapter."""
    paths = tuple(
        dataclasses.replace(path, constructor={**path.constructor, "minimiser": target}) for path in entry.paths
    )
    return dataclasses.replace(entry, identifier=target, adapts=target, paths=paths)


def _paths(parameters: Mapping[str, bool], without: Mapping[str, float]) -> tuple[ExecutionPath, ...]:
    flags: list[str] = [name for name in ("foreach", "fused") if name in parameters]
    off: dict[str, Any] = {**dict.fromkeys(flags, False), **without}
    paths = [ExecutionPath("single-tensor" if flags else "default", off, EVERYWHERE, profile=ANY_FORM)]
    paths += [ExecutionPath(f, {**off, f: True}, EVERYWHERE, profile=ANY_FORM) for f in flags]
    return tuple(paths)
