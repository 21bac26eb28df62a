"""Clauses about hyperparameters: read anew, refused out of range, documented as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import settings
from conformance.contract.arguments import each, of_first_variant, once
from conformance.contract.clause import Clause
from conformance.contract.offers import grouped
from conformance.contract.request import request
from conformance.contract.requirements import (
    all_of,
    changes,
    needs_documented_defaults,
    needs_float32,
    needs_given_rate,
    needs_keyword,
    needs_rate_of_zero,
    needs_settings_in_groups,
    needs_tensor_setting,
    needs_visible_state,
    typed_otherwise,
)
from conformance.engine import methods
from conformance.engine.verdict import Level
from conformance.optimizers.subject import WorkerSubject
from impls.failures import REFUSALS
from spec.rule import UpdateRule
from spec.symbols import lr

TITLE = "Hyperparameters"

SCHEDULERS = "torch, torch.optim: schedulers and users assign to `param_groups` between steps"
DOMAINS = "each rule's own domains, as `stepproof show` prints them"


def _changes(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"changes": changes(subject, rule), "made": [0, 2]}


def _switched_on(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    start = grouped(subject, settings.switched_off(subject, rule))
    chosen = subject.held_options(rule, settings.active(rule, subject.fixed))
    if start:
        yield {"changes": [[key, chosen[key]] for key in start], "made": [2], "from": start}


def _rate_as_tensor(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"keyword": settings.rate(subject), "steps": 2}


def _rate_of_zero(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"steps": 2, "rate": subject.held_options(rule, {lr.name: 0.0})}


@of_first_variant
def _bad(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"bad": settings.bad_values(subject, rule)}


def _may_be_zero(subject: WorkerSubject) -> str:
    found = any(grouped(subject, settings.switched_off(subject, rule)) for rule in subject.rules.values())
    return "" if found else "no setting of its formula that a group holds may be zero"


@of_first_variant
def _legal(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"values": settings.legal_values(subject, rule), "refusals": sorted(REFUSALS)}


REFUSED = Clause(
    "hyperparameters/refused",
    "A value outside its range is refused at construction.",
    DOMAINS,
    "hyperparameters.refused",
    _bad,
    level=Level.SHOULD,
    methods=methods.CONSTRUCTOR,
)


def _refusing(subject: WorkerSubject) -> str:
    answers = (subject.session.request(request(REFUSED, subject, case)) for case in REFUSED.cases(subject))
    refused = any(not seen["differing"] for answer in answers for seen in answer.header["observations"])
    return "" if refused else "it refuses no value, so that there is no error to read"


CLAUSES = (
    Clause(
        "hyperparameters/read-anew",
        "A setting changed between two steps acts from the next step on.",
        SCHEDULERS,
        "hyperparameters.changed",
        _changes,
        needs=needs_settings_in_groups,
    ),
    Clause(
        "hyperparameters/switched-on",
        "A setting changed from zero acts from the next step on.",
        SCHEDULERS,
        "hyperparameters.changed",
        _switched_on,
        needs=all_of(needs_settings_in_groups, _may_be_zero),
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/tensor-lr",
        "A learning rate given as a Tensor does what the number does and stays as it was.",
        "torch, torch.optim: lr may be a float or a Tensor",
        "hyperparameters.as_tensor",
        _rate_as_tensor,
        needs=all_of(needs_given_rate, needs_visible_state),
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/tensor-betas",
        "Betas given as Tensors do what the numbers do and stay as they were.",
        "torch, Adam: betas may be floats or Tensors",
        "hyperparameters.as_tensor",
        each({"keyword": "betas", "steps": 2}),
        needs=all_of(needs_keyword("betas"), needs_tensor_setting("betas"), needs_visible_state),
        promised=typed_otherwise("betas"),
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/whole-domain",
        "Every legal value of a setting is taken, and every switch that the constructor has.",
        DOMAINS,
        "hyperparameters.taken",
        _legal,
        needs=needs_float32,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR,
    ),
    REFUSED,
    Clause(
        "hyperparameters/refused-in-group",
        "A value outside its range is refused where a group sets it.",
        DOMAINS,
        "hyperparameters.refused_in_group",
        _bad,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/error-names-value",
        "The error for a bad value names the setting and the value.",
        "this contract: an error names the thing and the value given",
        "hyperparameters.named",
        _bad,
        needs=_refusing,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/error-names-range",
        "The error for a bad value names the legal range.",
        "this contract: an error names the legal range",
        "hyperparameters.range_named",
        _bad,
        needs=_refusing,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/defaults-documented",
        "The default of a setting is the one that its documentation states.",
        "the optimizer's own documentation, where it writes `(default: value)`",
        "hyperparameters.defaults",
        once({}),
        needs=needs_documented_defaults,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/zero-lr",
        "With a learning rate of 0 no parameter changes.",
        "the rule's own formula at a learning rate of 0",
        "hyperparameters.zero_rate",
        _rate_of_zero,
        needs=needs_rate_of_zero,
        methods=methods.CONSTRUCTOR,
    ),
    Clause(
        "hyperparameters/maximize",
        "maximize does what the negated gradient does, with decay too.",
        "torch, torch.optim: maximize the objective instead of minimizing",
        "hyperparameters.maximized",
        each({"steps": 3}),
        needs=needs_keyword("maximize"),
        methods=methods.CONSTRUCTOR,
    ),
)
