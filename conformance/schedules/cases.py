"""A case of a scheduler: the scheduler with its settings, the groups, and what is done to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impls.schedulers import Scheduler, scheduler
from spec import schedules as book
from spec.schedule import Schedule


@dataclass(frozen=True)
class Node:
    """One scheduler of a case: its schedule's options and settings, or its parts.

    ``settings`` holds the hyperparameters of each group by the schedule's keywords, the lr left
    out.  ``milestones`` are those of a multi-step decay or of a sequence; ``factors`` is a table of
    the given function for each group.
    """

    scheduler: str
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    settings: tuple[Mapping[str, float], ...] = ()
    milestones: tuple[int, ...] = ()
    factors: tuple[tuple[float, ...], ...] = ()
    parts: tuple[Node, ...] = ()

    @property
    def entry(self) -> Scheduler:
        """What the catalogue says of it."""
        found = scheduler(self.scheduler)
        assert found is not None, self.scheduler
        return found

    @property
    def schedule(self) -> Schedule:
        """The formula that it claims."""
        return book.build(self.entry.schedule, {**self.entry.options, **self.options})


@dataclass(frozen=True)
class Case:
    """What one example does.

    ``base`` holds the lr of each group; ``split`` is where something happens after that many
    steps.  With ``lr_dtype`` each lr is a tensor of that format, one for all groups if ``shared``.
    ``inputs`` are metrics or epochs.  ``order`` is the order in which parts are built.
    """

    node: Node
    base: tuple[float, ...]
    steps: int = 1
    split: int = 0
    lr_dtype: str = ""
    shared: bool = False
    optimizer: str = "SGD"
    inputs: tuple[float, ...] = ()
    order: tuple[int, ...] = ()


def described(node: Node, order: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return what the worker needs to build a scheduler."""
    entry = node.entry
    if node.parts:
        parts = {"parts": [described(part) for part in node.parts], "order": list(order)}
        if entry.schedule == "chain":
            return {"target": entry.target, "first": "schedulers", **parts}
        return {
            "target": entry.target,
            "first": "optimizer",
            "keywords": {"milestones": list(node.milestones)},
            **parts,
        }
    keywords: dict[str, Any] = {}
    for option, (keyword, choices) in entry.switches.items():
        keywords[keyword] = choices[node.options[option]]
    for name in node.settings[0]:
        values = [group[name] for group in node.settings]
        same = all(value == values[0] for value in values)
        keywords[entry.keywords.get(name, name)] = values[0] if same else values
    keywords |= {name: list(node.milestones) for name in entry.lists}
    tables = {name: [list(table) for table in node.factors] for name in entry.tables}
    return {"target": entry.target, "keywords": keywords, "tables": tables}


def header(case: Case, actions: list[list[Any]]) -> dict[str, Any]:
    """Return the request that runs a case."""
    momentum = {"SGD": {"momentum": 0.9}, "AdamW": {"betas": [0.9, 0.999]}}[case.optimizer]
    groups: list[dict[str, Any]] = [{} if case.shared else {"lr": lr} for lr in case.base]
    optimizer = {
        "target": f"torch.optim:{case.optimizer}", "constructor": momentum, "groups": groups,
        "probe": case.optimizer == "SGD", "lr_dtype": case.lr_dtype or None,
        "shared_lr": case.base[0] if case.shared else None,
    }  # fmt: skip
    described_scheduler = described(case.node, case.order)
    return {"op": "schedule", "optimizer": optimizer, "scheduler": described_scheduler, "actions": actions}


def to_plain(value: Any) -> Any:
    """Return a case as JSON values, what is empty left out."""
    if dataclasses.is_dataclass(value):
        items = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: to_plain(item) for name, item in items if item or name in {"base", "node"}}
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    return [to_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _node(plain: Mapping[str, Any]) -> Node:
    fields = {name: _frozen(value) for name, value in plain.items() if name != "parts"}
    return Node(**fields, parts=tuple(_node(part) for part in plain.get("parts", ())))


def from_plain(plain: Mapping[str, Any]) -> Case:
    """Return the case that JSON values hold."""
    fields = {name: _frozen(value) for name, value in plain.items() if name != "node"}
    return Case(_node(plain["node"]), **fields)
