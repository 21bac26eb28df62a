"""Clauses about groups, each with settings of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import settings
from conformance.contract.arguments import beside_other, each, of_first_variant, once
from conformance.contract.clause import Clause
from conformance.contract.offers import grouped, offers
from conformance.contract.requirements import (
    all_of,
    deviates_in_arithmetic,
    needs_another_device,
    needs_given_rate,
    needs_groups,
    needs_settings_in_groups,
)
from conformance.engine import methods
from conformance.engine.verdict import Level
from conformance.optimizers.setting_names import constructor_setting
from conformance.optimizers.shared_count import promises_own_count
from conformance.optimizers.subject import WorkerSubject
from impls.failures import REFUSALS
from reference.formats import FORMATS
from spec.rule import UpdateRule

TITLE = "Groups"
GROUPS = "torch, torch.optim: per-parameter options; a group overrides the constructor's"
PYTHON = "Python: an argument belongs to the caller"


@of_first_variant
def _tensors(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield the settings whose types have a Tensor: what takes one by its arithmetic need not copy it for a group."""
    rate = settings.rate(subject)
    said = [name for name in (rate, "betas") if name in offers(subject)["typed as tensors"]]
    yield from ({"as tensors": [name]} for name in said or [rate])


@of_first_variant
def _formats(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    others = (dataclasses.replace(subject, storage=FORMATS[name]) for name in subject.path.dtypes)
    yield {"dtypes": [s.storage.name for s in others if not deviates_in_arithmetic(s, s.path.name)], "steps": 2}


def _own(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield other numbers together and one by one, and beside the plain variant each switch that a group holds.

    Where all change at once, a group that takes one of them from another group may hide behind the others.
    """
    other = grouped(subject, settings.other(subject, rule))
    yield {"steps": 3, "other": other}
    if len(other) > 1:
        yield from ({"steps": 3, "other": {key: value}} for key, value in other.items())
    if rule is subject.rules.get(()):
        held = set(offers(subject)["group"])
        for chosen in subject.rules:
            if len(chosen) == 1 and constructor_setting(chosen[0])[0] in held:
                yield {"steps": 3, "other": settings.switched(subject, rule, chosen)}


@of_first_variant
def _refusals(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield how names may be refused: by a constructor that takes a list of parameters and nothing else.

    Torch's base class takes names; who does not inherit from it promises none.
    """
    named = {} if offers(subject)["torch's own"] else {"kinds": ["list", "generator"]}
    yield {"refusals": sorted(REFUSALS) if subject.implementation.calling.get("flat") else [], **named}


CLAUSES = (
    Clause(
        "groups/own-settings",
        "Each group steps with its own settings and switches.",
        GROUPS,
        "groups.own_settings",
        _own,
        needs=needs_settings_in_groups,
    ),
    Clause(
        "groups/defaults-filled",
        "A group has the constructor's value of every setting that it does not name.",
        GROUPS,
        "groups.defaults_filled",
        once({}),
        needs=needs_settings_in_groups,
    ),
    Clause(
        "groups/added-mid-run",
        "A group added after some steps starts afresh and leaves the others alone.",
        "torch, Optimizer.add_param_group: layers become trainable as training progresses",
        "groups.added",
        beside_other({"made": 2, "steps": 2}),
        promised=promises_own_count,
        methods=methods.JOINING_GROUP,
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
        "groups/two-devices",
        "Parameters of one group on the host and on a device do what each does alone.",
        "torch, torch.optim: foreach and fused group the parameters of a group by device and dtype",
        "groups.two_devices",
        each({"steps": 2}),
        needs=needs_another_device,
    ),
    Clause(
        "groups/tensor-twice",
        "A tensor in two groups is refused.",
        "torch, Optimizer.add_param_group: parameters appear in one group",
        "groups.twice",
        once({}),
        level=Level.SHOULD,
    ),
    Clause(
        "groups/tensor-twice-in-a-group",
        "A tensor twice in one group is refused, or steps once.",
        "torch, Optimizer.add_param_group: a group with duplicate parameters is to become an error",
        "groups.twice_in_group",
        once({}),
        level=Level.SHOULD,
    ),
    Clause(
        "groups/settings-not-shared",
        "No two groups share the object of a setting.",
        GROUPS,
        "groups.settings_not_shared",
        _tensors,
        needs=all_of(needs_given_rate, needs_settings_in_groups),
    ),
    Clause(
        "groups/instances-share-nothing",
        "Two optimizers share neither settings nor state.",
        "Python: an instance's attributes are its own",
        "groups.instances",
        beside_other({}),
    ),
    Clause(
        "groups/callers-dictionaries",
        "The dictionaries that a caller gives as groups stay the caller's.",
        PYTHON,
        "groups.callers_groups",
        once({}),
        needs=needs_groups,
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
        "A generator of parameters and named parameters give what a list gives, but where a bare list is asked for.",
        "torch, torch.optim: an iterable of parameters or named parameters",
        "groups.iterables",
        _refusals,
    ),
)
