"""Clauses about what the format of a parameter or of a state cannot hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp

from conformance.contract import settings
from conformance.contract.arguments import of_first_variant
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.request import request
from conformance.contract.requirements import (
    Needs,
    all_of,
    needs_dense_gradients,
    needs_given_rate,
    needs_independent_elements,
)
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule
from spec.symbols import g, lr, weight_decay

TITLE = "Precision"

ROUNDED = "Zamirai et al. 2020, Revisiting bfloat16 training: {}"
HALVES = frozenset({"bfloat16", "float16"})


def _stays(rule: UpdateRule) -> bool:
    """Tell whether an element without any gradient stays where it is, by its formula without weight decay."""
    kept: dict[sp.Basic, Any] = {state.symbol: sp.sympify(state.initial) for state in rule.states if not state.scalar}
    while True:
        now: dict[sp.Basic, Any] = {g: sp.Integer(0), weight_decay: sp.Integer(0), **kept}
        for line in rule.program:
            now[line.target] = line.expression.subs(now)
        changed = [s.symbol for s in rule.states if s.symbol in kept and now[s.updated] != kept[s.symbol]]
        if not changed:
            return bool(now[rule.parameter.updated] == rule.parameter.symbol)
        kept = {symbol: value for symbol, value in kept.items() if symbol not in changed}


def _needs_rest(subject: WorkerSubject) -> str:
    decays = weight_decay.name in subject.fixed and subject.fixed[weight_decay.name] != 0.0
    if decays or not all(_stays(rule) for rule in subject.rules.values()):
        return "by its formula an element without any gradient moves"
    return ""


def _without_decay(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield settings with which an element that has no gradient stays."""
    chosen = {**settings.active(rule, subject.fixed), weight_decay.name: 0.0}
    yield {"still": subject.held_options(rule, chosen), "steps": 3}


def _exact(subject: WorkerSubject, rule: UpdateRule) -> dict[str, Any]:
    """Return settings of which each that may be is zero, so that a step rounds as little as it can."""
    zero = {h.symbol.name: 0.0 for h in rule.hyperparameters if 0.0 in h.domain and h.symbol != lr}
    chosen = {**settings.active(rule, subject.fixed), **zero, **subject.fixed}
    known = {h.symbol.name for h in rule.hyperparameters}
    held = subject.held_options(rule, {name: value for name, value in chosen.items() if name in known})
    return {"exact": held, "rate": settings.rate(subject)}


def _rounding(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {**_exact(subject, rule), "seed": 20}


def _courses(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {**_exact(subject, rule), "powers": [-8, -9, -10, -12], "steps": 16}


def _shown_by(experiment: str, otherwise: str) -> Needs:
    """Require of a 16-bit parameter what an experiment observes of it."""
    tried = Clause("", "", "", f"precision.{experiment}", lambda *_: iter(()))

    def need(subject: WorkerSubject) -> str:
        if subject.storage.name not in HALVES:
            return "a parameter of this format needs nothing beside it"
        switches, rule = next(iter(subject.rules.items()))
        case = ClauseCase(switches, settings.active(rule, subject.fixed), next(_rounding(subject, rule)))
        header = request(tried, subject, case)
        key = (experiment, json.dumps([header, subject.path.name], sort_keys=True))
        answer = subject.session.remember(key, lambda: subject.session.request(header).header)
        return "" if any(seen["differing"] for seen in answer["observations"]) else otherwise

    return all_of(
        needs_independent_elements, needs_given_rate, needs_dense_gradients("it takes sparse gradients"), need
    )


CLAUSES = (
    Clause(
        "precision/zero-gradient",
        "An element whose gradient is always 0 stays where it is, without weight decay, beside others that move.",
        "the rule's own formula at a gradient of 0; Dettmers et al. 2022: a quantisation of states has a zero",
        "precision.zero_gradient",
        _without_decay,
        needs=all_of(needs_independent_elements, _needs_rest),
    ),
    Clause(
        "precision/master-weights",
        "A 16-bit parameter with a float32 master in the state is next to the float32 parameter that steps with it.",
        ROUNDED.format("the master is what the steps add up in"),
        "precision.master_weights",
        of_first_variant(_courses),
        needs=_shown_by("keeps_master", "it keeps no master of a 16-bit parameter"),
    ),
    Clause(
        "precision/unbiased-rounding",
        "Where 16-bit parameters are rounded at random each goes up as often as its distance says, in every step anew.",
        ROUNDED.format("stochastic rounding has the exact value as its mean"),
        "precision.unbiased",
        of_first_variant(_rounding),
        needs=_shown_by("draws", "no random number is drawn for a 16-bit parameter alone"),
        of_repetition=True,
    ),
)
