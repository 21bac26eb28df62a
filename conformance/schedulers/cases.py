"""A case of a scheduler: the scheduler with its settings, the groups, and what is done to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from conformance.schedulers.entries import named
from conformance.schedulers.equivalent_arguments import WAYS
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from reference.balls.error_model import EXACT
from reference.balls.schedule import ScheduleSettings, closed_form
from spec import schedules as book
from spec.schedule import Schedule


@dataclass(frozen=True)
class SchedulerNode:
    """One scheduler of a case: its schedule's options and settings, or its parts.

    ``settings`` holds the hyperparameters of each group by the schedule's keywords, the lr left
    out.  ``milestones`` are those of a multi-step decay or of a sequence; ``factors`` is a table of
    the given function for each group.  ``otherwise`` says that the arguments are given in the other
    way that the catalogue names.
    """

    scheduler: str
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    settings: tuple[Mapping[str, int | float], ...] = ()
    milestones: tuple[int, ...] = ()
    factors: tuple[tuple[int | float, ...], ...] = ()
    parts: tuple[SchedulerNode, ...] = ()
    otherwise: bool = False

    @property
    def entry(self) -> Scheduler:
        """What the catalogue says of it."""
        found = named(self.scheduler)
        if found is None:
            raise LookupError(f"no scheduler of the catalogue is called {self.scheduler!r}")
        return found

    @property
    def schedule(self) -> Schedule:
        """The formula that it claims."""
        return book.build(self.entry.schedule, {**self.entry.options, **self.options})


@dataclass(frozen=True)
class ScheduleCase:
    """What one example does.

    ``base`` holds the lr of each group; ``split`` is where something happens after that many
    steps.  With ``lr_dtype`` each lr is a tensor of that format, one for all groups if ``shared``.
    ``inputs`` are metrics or epochs.  ``order`` is the order in which parts are built.  ``compiled``
    says that the function that is the schedule is compiled.
    """

    node: SchedulerNode
    base: tuple[int | float, ...]
    steps: int = 1
    split: int = 0
    lr_dtype: str = ""
    shared: bool = False
    optimizer: str = "SGD"
    inputs: tuple[int | float, ...] = ()
    order: tuple[int, ...] = ()
    compiled: bool = False


def only(node: SchedulerNode, group: int) -> SchedulerNode:
    """Return a node with the settings of one group."""
    return dataclasses.replace(
        node,
        settings=node.settings[group : group + 1],
        factors=node.factors[group : group + 1],
        parts=tuple(only(part, group) for part in node.parts),
    )


def described(node: SchedulerNode, base: tuple[float, ...], order: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return what the worker needs to build a scheduler; ``base`` holds the lr of each group."""
    entry = node.entry
    if node.parts:
        parts = {"parts": [described(part, base) for part in node.parts], "order": list(order)}
        if entry.schedule == "chain":
            return {"target": entry.target, "first": "schedulers", **parts}
        if entry.part_list:
            given = [keywords(part, base) for part in node.parts]
            return {"target": entry.target, "keywords": {entry.part_list.keyword: given}}
        places = "boundaries" if entry.interface == OPTAX else "milestones"
        return {"target": entry.target, "first": "optimizer", "keywords": {places: list(node.milestones)}, **parts}
    tables = {name: [list(t) for t in node.factors] for name in entry.tables if name not in entry.lists}
    arguments = keywords(node, base)
    if node.otherwise:
        arguments, tables = WAYS[entry.otherwise](arguments)
    driven = {"takes_optimizer": entry.takes_optimizer, "of_step": entry.of_step, "metric": entry.metric}
    wrapped = {name: _wrapped(node, into) for name, into in entry.wraps.items()}
    driven |= {"wraps": wrapped, "interface": entry.interface}
    told = {name: value for name, value in driven.items() if value != DRIVEN.get(name)}
    return {"target": entry.target, "keywords": arguments, "tables": tables, **told}


WRAPPED_STEPS = 160
"""The steps that the factors of a wrapped scheduler reach."""
DRIVEN: Mapping[str, Any] = {"takes_optimizer": True, "of_step": "", "metric": "", "wraps": {}}
"""How torch's schedulers are driven, which need not be said."""


def _wrapped(node: SchedulerNode, into: str) -> dict[str, Any]:
    """Return what the worker needs to build the scheduler that another one is given: its factors in a table."""
    from spec.schedules.warmup import MAIN  # noqa: PLC0415 - a formula is built when it is named

    main, _ = MAIN[into]
    known = ScheduleSettings(main, {**node.settings[0], "lr": 1.0}, model=EXACT)
    table = [float(number.ball.mid()) for number in closed_form(known, range(WRAPPED_STEPS))]
    return {"target": "torch.optim.lr_scheduler:LambdaLR", "tables": {"lr_lambda": [table]}}


def keywords(node: SchedulerNode, base: tuple[float, ...]) -> dict[str, Any]:
    """Return the arguments of a scheduler's constructor; a list where groups have their own."""
    entry, first = node.entry, {**node.settings[0], "lr": base[0]}
    found: dict[str, Any] = dict(entry.constructor)
    for option, (keyword, choices) in entry.switches.items():
        found[keyword] = choices[node.options[option]]
    summed = {name for names in entry.sums.values() for name in names}
    for name in first:
        left_out = name in summed or name in entry.fixed or name == "lr"
        keyword = entry.keywords.get(name, "" if left_out else name)
        if keyword:
            values = [{**group, "lr": lr}[name] for group, lr in zip(node.settings, base, strict=False)]
            found[keyword] = values[0] if all(value == values[0] for value in values) else values
    found |= {keyword: sum(first[name] for name in names) for keyword, names in entry.sums.items()}
    found |= {keyword: first[a] / first[b] for keyword, (a, b) in entry.ratios.items()}
    for name in entry.lists:
        scales = node.factors[0] if node.factors else [first["gamma"]] * len(node.milestones)
        scaled = [list(pair) for pair in zip(node.milestones, scales, strict=False)]
        found[name] = scaled if entry.interface == OPTAX else list(node.milestones)
    return found


def boundaries(node: SchedulerNode) -> tuple[int, ...]:
    """Return the times at which the parts of a sequence follow each other.

    They are its milestones, or where it takes none its parts' lengths.
    """
    if not node.entry.part_list:
        return node.milestones
    wholes = [
        sum(part.settings[0][name] for name in names) for part in node.parts for names in part.entry.sums.values()
    ]
    return tuple(int(end) for end in accumulate(wholes[:-1]))


MOMENTUM: Mapping[str, Mapping[str, Any]] = {"SGD": {"momentum": 0.9}, "AdamW": {"betas": [0.9, 0.999]}}


def header(case: ScheduleCase, actions: list[list[Any]]) -> dict[str, Any]:
    """Return the request that runs a case."""
    if case.node.entry.interface == OPTAX:
        each = [described(only(case.node, group), (lr,)) for group, lr in enumerate(case.base)]
        return {"op": "schedule_optax", "schedules": each, "actions": actions, "compiled": case.compiled}
    optimizer = header_of_optimizer(
        case.base,
        case.optimizer,
        default=case.base[0] if case.node.entry.single_base_lr else None,
        lr_dtype=case.lr_dtype,
        shared=case.shared,
    )
    scheduler_ = described(case.node, case.base, case.order)
    return {"op": "schedule", "optimizer": optimizer, "scheduler": scheduler_, "actions": actions}


def header_of_optimizer(
    base: tuple[float, ...],
    name: str = "SGD",
    *,
    default: float | None = None,
    lr_dtype: str = "",
    shared: bool = False,
) -> dict[str, Any]:
    """Return what the worker needs to build an optimizer with a group for each lr of ``base``."""
    constructor = dict(MOMENTUM[name])
    if default is not None:
        constructor["lr"] = default
    return {
        "target": f"torch.optim:{name}",
        "constructor": constructor,
        "groups": [{} if shared else {"lr": lr} for lr in base],
        "probe": name == "SGD",
        "lr_dtype": lr_dtype or None,
        "shared_lr": base[0] if shared else None,
    }
