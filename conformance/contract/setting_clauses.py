"""Clauses about hyperparameters and groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import settings
from conformance.contract.arguments import each, once
from conformance.contract.clause import Arguments, Clause, request
from conformance.contract.needs import (
    broken,
    documented,
    every,
    given_rate,
    keyword,
    offers,
    rate,
    shown,
    tensor,
)
from conformance.subject import WorkerSubject, constructor_setting
from reference.formats import FORMATS
from spec.rule import UpdateRule

SCHEDULERS = "torch, torch.optim: schedulers and users assign to `param_groups` between steps"
DOMAINS = "each rule's own domains, as `stepproof show` prints them"
GROUPS = "torch, torch.optim: per-parameter options; a group overrides the constructor's"
PYTHON = "Python: an argument belongs to the caller"


def _changes(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"changes": settings.changes(subject, rule), "made": [0, 2]}


def _switched_on(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    start = settings.switched_off(subject, rule)
    chosen = subject.options(rule, settings.active(rule, subject.fixed))
    if start:
        yield {"changes": [[key, chosen[key]] for key in start], "made": [2], "from": start}


def _bad(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    if rule is next(iter(subject.rules.values())):
        yield {"bad": settings.bad_values(subject, rule)}


def _tensors(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    if rule is next(iter(subject.rules.values())):
        said = [name for name in ("lr", "betas") if name in offers(subject)["tensors"]]
        yield from ({"as tensors": [name]} for name in said or ["lr"])


def _formats(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    if rule is next(iter(subject.rules.values())):
        others = (dataclasses.replace(subject, storage=FORMATS[name]) for name in subject.path.dtypes)
        yield {"dtypes": [s.storage.name for s in others if not broken(s, s.path.name)], "steps": 2}


def _other(given: Mapping[str, Any]) -> Arguments:
    def arguments(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
        yield {**given, "other": settings.other(subject, rule)}

    return arguments


def _own(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield other numbers, and beside the plain variant each switch that a group holds."""
    yield {"steps": 3, "other": settings.other(subject, rule)}
    if rule is subject.rules.get(()):
        held = set(offers(subject)["group"])
        for chosen in subject.rules:
            if len(chosen) == 1 and constructor_setting(chosen[0])[0] in held:
                yield {"steps": 3, "other": settings.switched(subject, rule, chosen)}


def _may_be_zero(subject: WorkerSubject) -> str:
    found = any(settings.switched_off(subject, rule) for rule in subject.rules.values())
    return "" if found else "no setting of its formula may be zero"


REFUSED = Clause(
    "hyperparameters/refused",
    "A value outside its range is refused at construction.",
    DOMAINS,
    "hyperparameters.refused",
    _bad,
)


def _refusing(subject: WorkerSubject) -> str:
    answers = (subject.session.request(request(REFUSED, subject, case)) for case in REFUSED.cases(subject))
    refused = any(not seen["differing"] for answer in answers for seen in answer.header["observations"])
    return "" if refused else "it refuses no value, so that there is no error to read"


HYPERPARAMETERS = (
    Clause(
        "hyperparameters/read-anew",
        "A setting changed between two steps acts from the next step on.",
        SCHEDULERS,
        "hyperparameters.changed",
        _changes,
    ),
    Clause(
        "hyperparameters/switched-on",
        "A setting changed from zero acts from the next step on.",
        SCHEDULERS,
        "hyperparameters.changed",
        _switched_on,
        needs=_may_be_zero,
    ),
    Clause(
        "hyperparameters/tensor-lr",
        "A learning rate given as a Tensor does what the number does and stays as it was.",
        "torch, torch.optim: lr may be a float or a Tensor",
        "hyperparameters.as_tensor",
        each({"keyword": "lr", "steps": 2}),
        needs=every(given_rate, shown),
    ),
    Clause(
        "hyperparameters/tensor-betas",
        "Betas given as Tensors do what the numbers do and stay as they were.",
        "torch, Adam: betas may be floats or Tensors",
        "hyperparameters.as_tensor",
        each({"keyword": "betas", "steps": 2}),
        needs=every(keyword("betas"), tensor("betas"), shown),
    ),
    REFUSED,
    Clause(
        "hyperparameters/refused-in-group",
        "A value outside its range is refused where a group sets it.",
        DOMAINS,
        "hyperparameters.refused_in_group",
        _bad,
    ),
    Clause(
        "hyperparameters/error-names-value",
        "The error for a bad value names the setting and the value.",
        "this contract: an error names the thing and the value given",
        "hyperparameters.named",
        _bad,
        needs=_refusing,
    ),
    Clause(
        "hyperparameters/error-names-range",
        "The error for a bad value names the legal range.",
        "this contract: an error names the legal range",
        "hyperparameters.range_named",
        _bad,
        needs=_refusing,
    ),
    Clause(
        "hyperparameters/defaults-documented",
        "The default of a setting is the one that its documentation states.",
        "the optimizer's own documentation, where it writes `(default: value)`",
        "documented.defaults",
        once({}),
        needs=documented,
    ),
    Clause(
        "hyperparameters/zero-lr",
        "With a learning rate of 0 no parameter changes.",
        "the rule's own formula at a learning rate of 0",
        "hyperparameters.zero_rate",
        each({"steps": 2}),
        needs=rate,
    ),
    Clause(
        "hyperparameters/maximize",
        "maximize does what the negated gradient does, with decay too.",
        "torch, torch.optim: maximize the objective instead of minimizing",
        "hyperparameters.maximized",
        each({"steps": 3}),
        needs=keyword("maximize"),
    ),
)
GROUP_CLAUSES = (
    Clause(
        "groups/own-settings",
        "Each group steps with its own settings and switches.",
        GROUPS,
        "groups.own_settings",
        _own,
    ),
    Clause(
        "groups/defaults-filled",
        "A group has the constructor's value of every setting that it does not name.",
        GROUPS,
        "groups.defaults_filled",
        once({}),
    ),
    Clause(
        "groups/added-mid-run",
        "A group added after some steps starts afresh and leaves the others alone.",
        "torch, Optimizer.add_param_group: layers become trainable as training progresses",
        "groups.added",
        _other({"made": 2, "steps": 2}),
    ),
    Clause(
        "groups/empty",
        "A group without parameters changes nothing.",
        "torch, Optimizer.add_param_group: a group holds any number of parameters",
        "groups.empty",
        each({}),
    ),
    Clause(
        "groups/mixed-dtypes",
        "Parameters of several dtypes in one group do what each does alone.",
        "torch, torch.optim: foreach and fused group the parameters of a group by device and dtype",
        "groups.mixed_dtypes",
        _formats,
    ),
    Clause(
        "groups/tensor-twice",
        "A tensor in two groups is refused.",
        "torch, Optimizer.add_param_group: parameters appear in one group",
        "groups.twice",
        once({}),
    ),
    Clause(
        "groups/tensor-twice-in-a-group",
        "A tensor twice in one group is refused, or steps once.",
        "torch, Optimizer.add_param_group: a group with duplicate parameters is to become an error",
        "groups.twice_in_group",
        once({}),
    ),
    Clause(
        "groups/settings-not-shared",
        "No two groups share the object of a setting.",
        GROUPS,
        "groups.settings_not_shared",
        _tensors,
        needs=given_rate,
    ),
    Clause(
        "groups/instances-share-nothing",
        "Two optimizers share neither settings nor state.",
        "Python: an instance's attributes are its own",
        "groups.instances",
        _other({}),
    ),
    Clause(
        "groups/callers-dictionaries",
        "The dictionaries that a caller gives as groups stay the caller's.",
        PYTHON,
        "groups.callers_groups",
        once({}),
    ),
    Clause(
        "groups/callers-lists",
        "The lists that a caller gives as settings and parameters stay the caller's.",
        PYTHON,
        "groups.callers_settings",
        once({}),
    ),
    Clause(
        "groups/iterables",
        "A generator of parameters and named parameters give what a list gives.",
        "torch, torch.optim: an iterable of parameters or named parameters",
        "groups.iterables",
        once({}),
    ),
)
CLAUSES = (*HYPERPARAMETERS, *GROUP_CLAUSES)
