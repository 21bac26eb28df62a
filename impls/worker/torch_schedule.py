"""Runs any learning-rate scheduler with a real optimizer and reads what the optimizer used."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from .calling import from_json
from .failures import RequestError, phase
from .process_group import joined
from .schedule_adapters import stepped
from .target import resolve
from .timm_scheduler import Counted
from .torch_platform import dtype_named
from .torch_schedule_state import through, touched

OWN_KEYS = frozenset({"initial_lr", "swa_lr", "max_lr", "min_lr", "max_momentum", "base_momentum"})
"""Keys that schedulers add to a group for themselves."""


@dataclass
class Run:
    """An optimizer under a scheduler, and everything that was read of the two so far."""

    header: dict[str, Any]
    optimizer: Any = None
    scheduler: Any = None
    answer: dict[str, Any] = field(
        default_factory=lambda: {"used": [], "group": [], "last": [], "momentum": [], "epoch": []}
    )
    notes: dict[str, Any] = field(default_factory=dict)
    held: list[int] = field(default_factory=list)

    def build(self) -> None:
        """A fresh optimizer has fresh parameters; the scheduler is built from its keywords."""
        self.optimizer = self.fresh_optimizer()
        self.scheduler = self.fresh_scheduler(self.header["scheduler"], self.optimizer, {})

    def fresh_optimizer(self) -> Any:
        """One parameter of one element for each group; the lr is a tensor where that is asked for."""
        described = self.header["optimizer"]
        dtype = described.get("lr_dtype")
        shared = described.get("shared_lr")
        groups = []
        for options in described["groups"]:
            own = from_json(options)
            if dtype and "lr" in own:
                own["lr"] = torch.tensor(own["lr"], dtype=dtype_named(dtype))
            parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
            groups.append({"params": [parameter], **own})
        constructor = from_json(described["constructor"])
        if shared is not None:
            constructor["lr"] = torch.tensor(shared, dtype=dtype_named(dtype))
        with phase("construct"):
            optimizer = resolve(described["target"])(groups, **constructor)
        self.held = [id(group["lr"]) for group in optimizer.param_groups]
        return optimizer

    def fresh_scheduler(self, node: dict[str, Any], optimizer: Any, more: dict[str, Any]) -> Any:
        """Parts of a composition are built first, in their order; tables become functions."""
        keywords = {**node.get("keywords", {}), **{k: _function(v) for k, v in node.get("tables", {}).items()}}
        keywords.update(more)
        target = resolve(node["target"])
        if "parts" in node:
            order = node.get("order") or range(len(node["parts"]))
            built = {place: self.fresh_scheduler(node["parts"][place], optimizer, {}) for place in order}
            parts = [built[place] for place in range(len(node["parts"]))]
            with phase("construct"):
                if node["first"] == "schedulers":
                    return target(parts, optimizer=optimizer, **keywords)
                return target(optimizer, parts, **keywords)
        for name, wrapped in node.get("wraps", {}).items():
            keywords[name] = self.fresh_scheduler(wrapped, optimizer, {})
        with phase("construct"):
            made = self._made(target, node, optimizer, keywords)
        return stepped(made, node.get("interface", ""), optimizer)

    @staticmethod
    def _made(target: Any, node: dict[str, Any], optimizer: Any, keywords: dict[str, Any]) -> Any:
        """The optimizer comes first, if it is taken at all; a function that is given the step is not called yet."""
        if node.get("of_step"):
            return lambda step: target(**{node["of_step"]: step}, **keywords)
        return target(optimizer, **keywords) if node.get("takes_optimizer", True) else target(**keywords)

    def read(self) -> None:
        """The optimizer makes a step, and what it used is read off its parameters."""
        groups = self.optimizer.param_groups
        parameters = [group["params"][0] for group in groups]
        with phase("optimizer"):
            self.optimizer.state.clear()
            for parameter in parameters:
                with torch.no_grad():
                    parameter.zero_()
                parameter.grad = torch.ones_like(parameter)
            self.optimizer.step()
        probed = self.header["optimizer"]["probe"]
        self.answer["group"].append([float(group["lr"]) for group in groups])
        self.answer["used"].append([-float(p) for p in parameters] if probed else self.answer["group"][-1])
        if hasattr(self.scheduler, "get_last_lr"):
            with phase("get_last_lr"):
                self.answer["last"].append([float(value) for value in self.scheduler.get_last_lr()])
        self.answer["epoch"].append(getattr(self.scheduler, "last_epoch", None))
        self.answer["momentum"].append([_momentum(group) for group in groups])

    def tensors(self) -> dict[str, Any]:
        """Whether each lr is the tensor that the optimizer was given, and whether two groups share one."""
        now = [id(group["lr"]) for group in self.optimizer.param_groups]
        are = [isinstance(group["lr"], torch.Tensor) for group in self.optimizer.param_groups]
        return {"kept": now == self.held, "tensors": all(are), "shared": len(set(now)) < len(now)}


def _function(table: list[Any]) -> Any:
    """One table is one function; several are a function for each group."""
    if table and isinstance(table[0], list):
        functions = [_function(part) for part in table]
        return functions if len(functions) > 1 else functions[0]
    return lambda step: table[step]


def _momentum(group: Mapping[str, Any]) -> float | None:
    if "betas" in group:
        return float(group["betas"][0])
    return float(group["momentum"]) if "momentum" in group else None


def _others(optimizer: Any) -> list[dict[str, str]]:
    return [touched(group, OWN_KEYS) for group in optimizer.param_groups]


def run(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The scheduler is built, the actions run in their order, and what was read comes back.

    Where the header names a process of a group of two, all this is done as that process.
    """
    place = header.get("process")
    with warnings.catch_warnings(), joined(**place) if place else nullcontext():
        warnings.simplefilter("ignore")
        run = Run(header)
        before = _others(run.fresh_optimizer())
        run.build()
        for action in header["actions"]:
            _act(run, action)
    after = _others(run.optimizer)
    keys = {key for group in before + after for key in group}
    changed = [key for key in keys if [g.get(key) for g in before] != [g.get(key) for g in after]]
    answer = {**run.answer, **run.tensors(), "notes": run.notes, "changed": sorted(changed)}
    return answer, []


def _act(run: Run, action: list[Any]) -> None:
    name, *given = action
    if name not in ACTIONS:
        raise RequestError(f"there is no action {name!r} on a scheduler")
    ACTIONS[name](run, *given)


def _run(run: Run, steps: int) -> None:
    """Before each of ``steps`` steps the rate is read."""
    for _ in range(steps):
        run.read()
        with phase("step"):
            run.scheduler.step()


def _skip(run: Run, steps: int) -> None:
    """Steps are made and nothing is read."""
    with phase("step"):
        for _ in range(steps):
            run.scheduler.step()


def _metrics(run: Run, metrics: list[float]) -> None:
    """After the step with each metric the rate is read."""
    for metric in metrics:
        with phase("step"):
            given, named = _measured(run, metric)
            run.scheduler.step(*given, **named)
        run.read()


def _epochs(run: Run, epochs: list[float]) -> None:
    """After the jump to each epoch the rate is read."""
    for epoch in epochs:
        with phase("step"):
            run.scheduler.step(epoch)
        run.read()


def _measured(run: Run, metric: float) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A metric has the name that step gives it, stands behind the epoch, or is the only argument."""
    name = run.header["scheduler"].get("metric")
    if name:
        return (), {name: metric}
    return ((None, metric) if isinstance(run.scheduler, Counted) else (metric,)), {}


def _save(run: Run, way: str) -> None:
    """Both states go through ``way`` into a fresh pair, the optimizer's first."""
    count = getattr(run.scheduler, "count", 0)
    with phase("save"):
        kept, state = through("pickle", run.optimizer.state_dict()), run.scheduler.state_dict()
        sent = through(way, state)
    if sent is None:
        run.notes[way] = "its content does not survive"
        return
    run.build()
    names = sorted(sent)
    _load(run, kept, sent, count)
    if sorted(sent) != names:
        run.notes["state"] = sorted(set(names) ^ set(sent))


def _load(run: Run, kept: Any, state: Any, count: float) -> None:
    """The optimizer takes its state, then the scheduler; a loop that counts for it goes on from the count."""
    if isinstance(run.scheduler, Counted):
        run.scheduler.count = count
    with phase("load"):
        run.optimizer.load_state_dict(kept)
        run.scheduler.load_state_dict(state)
    run.held = [id(group["lr"]) for group in run.optimizer.param_groups]


def _detour(run: Run, fresh: bool, actions: list[Any]) -> None:
    """Both states are saved, and loaded over what a pair has that went elsewhere: a fresh one, or the same."""
    count = getattr(run.scheduler, "count", 0)
    with phase("save"):
        kept, state = through("pickle", [run.optimizer.state_dict(), run.scheduler.state_dict()])
    if fresh:
        run.build()
    read = {name: len(values) for name, values in run.answer.items()}
    for action in actions:
        _act(run, action)
    for name, length in read.items():
        del run.answer[name][length:]
    _load(run, kept, state, count)


def _resume(run: Run, epoch: int) -> None:
    """A fresh optimizer takes the saved groups, and a scheduler is built with ``last_epoch``."""
    with phase("save"):
        kept = through("pickle", run.optimizer.state_dict())
    run.optimizer = run.fresh_optimizer()
    with phase("load"):
        run.optimizer.load_state_dict(kept)
    run.held = [id(group["lr"]) for group in run.optimizer.param_groups]
    run.scheduler = run.fresh_scheduler(run.header["scheduler"], run.optimizer, {"last_epoch": epoch})


def _add(run: Run, lr: float) -> None:
    """A group joins the optimizer, as a layer does that is trained later."""
    group = {"params": [torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], "lr": lr}
    with phase("add_param_group"):
        run.optimizer.add_param_group(group)


ACTIONS: dict[str, Callable[..., None]] = {
    "run": _run,
    "skip": _skip,
    "read": Run.read,
    "metrics": _metrics,
    "epochs": _epochs,
    "save": _save,
    "detour": _detour,
    "resume": _resume,
    "add": _add,
}
"""What a case may do with a scheduler, by the action's name."""
