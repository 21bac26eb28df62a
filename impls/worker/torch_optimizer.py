"""The generic adapter runs any `torch.optim.Optimizer` from any state, one batch of steps at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from .calling import from_json, step_of
from .devices import synchronise
from .failures import RequestError, phase
from .state_path import IN_GROUP, ON_OPTIMIZER, groups_of, held, put
from .surroundings import restore
from .torch_loading import Slot, load, shared
from .torch_platform import dtype_named, from_bytes, name_of, to_bytes, with_rows
from .torch_trial import Build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Running:
    """An optimizer, its parameters, and for each of its groups the one that was asked for."""

    optimizer: Any
    slots: list[Slot]
    places: list[int]


class Readings:
    """What was read of all parameters, after every step or after the last."""

    def __init__(self, running: list[Running], slots: list[Slot], states: list[str], counter: str | None) -> None:
        self.slots = slots
        self.counts: list[list[float | None]] = []
        self.buffers: list[bytes] = []
        self.dtypes: dict[str, str] = {}
        self._of = {id(slot): each.optimizer for each in running for slot in each.slots}
        self._states = states
        self._counter = counter

    def read(self) -> None:
        """The counts and buffers of this moment are appended."""
        counts: list[float | None] = []
        with phase("read"):
            for slot in self.slots:
                optimizer, parameter = self._of[id(slot)], slot.parameter
                counts.append(_number(held(optimizer, parameter, self._counter)) if self._counter else None)
                self.buffers.append(to_bytes(parameter))
                self.buffers.extend(self._state(key, held(optimizer, parameter, key)) for key in self._states)
        self.counts.append(counts)

    def _state(self, key: str, value: Any) -> bytes:
        if value is None:
            return b""
        if not isinstance(value, torch.Tensor):
            value = torch.tensor(float(value), dtype=torch.float64)
        dtype = name_of(value.dtype)
        if self.dtypes.setdefault(key, dtype) != dtype:
            raise TypeError(
                f"the state {key!r} is kept in {self.dtypes[key]} for one tensor and in {dtype} "
                "for another; judge these tensors in requests of their own"
            )
        return to_bytes(value)


def _number(value: Any) -> float | None:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    return value if isinstance(value, (int, float)) else None


def run(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """Fresh parameters, an optimizer in the given state, the steps, and what was read after them."""
    _check_count(header, buffers)
    queue = iter(buffers)
    slots, running = begun(header, queue)
    readings = Readings(running, slots, header["states"], header["counter"])
    seconds = _steps(running, header, queue, readings)
    answer = {
        "counts": readings.counts,
        "state_dtypes": readings.dtypes,
        "read_steps": len(readings.counts),
        "step_seconds": seconds,
    }
    return answer, readings.buffers


def begun(header: dict[str, Any], queue: Iterator[memoryview]) -> tuple[list[Slot], list[Running]]:
    """Fresh parameters, and an optimizer in the given state; the queue is left at the first gradient."""
    restore()
    calling = header.get("calling", {})
    build = Build(header["target"], header["constructor"], header["device"], header["dtype"], calling)
    slots = list(_slots(header, build, queue))
    running = _built(header, build, slots)
    for each in running:
        load(each.optimizer, build, header, each.slots)
    return slots, running


def _built(header: dict[str, Any], build: Build, slots: list[Slot]) -> list[Running]:
    """One optimizer of all groups; where it has one count or one setting for all, one of each group."""
    counters = [header["counter"], *header.get("counters_beside", ())]
    together = _together(slots, apart=any(shared(counter) for counter in counters))
    groups, once = header["groups"], header.get("once", False)
    alone = once or any(shared(counter) and not str(counter).startswith(IN_GROUP) for counter in counters)
    found = []
    for joined in [[members] for members in together] if alone else [together]:
        given = [
            {"params": [slot.parameter for slot in members], **_kept_in_groups(groups[members[0].group]["options"])}
            for members in joined
        ]
        own = groups[joined[0][0].group].get("constructor", {}) if once else {}
        optimizer = replace(build, constructor={**build.constructor, **own}).optimizer(given)
        _hold_as_made(optimizer, given)
        members = [slot for one in joined for slot in one]
        found.append(Running(optimizer, members, [one[0].group for one in joined]))
    return found


def _hold_as_made(optimizer: Any, given: list[dict[str, Any]]) -> None:
    """Settings are tensors in the groups where the constructor makes tensors of its own."""
    made = getattr(optimizer, "defaults", None)
    if not isinstance(made, dict):
        return
    for group, options in zip(groups_of(optimizer), given):
        held = {key: (value, made.get(key)) for key, value in options.items() if key != "params"}
        group.update({key: _as_held(value, own) for key, (value, own) in held.items() if group.get(key) is value})


def _kept_in_groups(options: dict[str, Any]) -> dict[str, Any]:
    return from_json({key: value for key, value in options.items() if not key.startswith(ON_OPTIMIZER)})


def _check_count(header: dict[str, Any], buffers: list[memoryview]) -> None:
    tensors = [tensor for group in header["groups"] for tensor in group["tensors"]]
    loaded = sum(1 for tensor in tensors if tensor["count"] > 0)
    steps = len(header["steps"])
    expected = len(tensors) + loaded * len(header["states"]) + steps * len(tensors)
    if len(buffers) != expected:
        raise RequestError(
            f"{len(buffers)} buffers were given for {len(tensors)} tensors, {loaded} of them with "
            f"{len(header['states'])} states, and {steps} steps; send {expected}"
        )


def _slots(header: dict[str, Any], build: Build, queue: Iterator[memoryview]) -> Iterator[Slot]:
    dtype = dtype_named(build.dtype)
    for place, group in enumerate(header["groups"]):
        for tensor in group["tensors"]:
            values = from_bytes(next(queue), dtype, tensor["shape"], build.device)
            loaded = len(header["states"]) if tensor["count"] > 0 else 0
            states = tuple(next(queue) for _ in range(loaded))
            yield Slot(build.parameter(values), place, tensor["count"], states)


def _together(slots: list[Slot], *, apart: bool) -> list[list[Slot]]:
    """Parameters of one group stay together, unless the group counts and their counts differ.

    A fresh parameter then stays with the first one under way: its count is that of the group.
    """
    joined: dict[tuple[int, int], list[Slot]] = {}
    for slot in sorted(slots, key=lambda slot: (slot.group, slot.count == 0)):
        count = slot.count if apart else 0
        under_way = [key for key in joined if key[0] == slot.group]
        key = under_way[0] if under_way and count == 0 else (slot.group, count)
        joined.setdefault(key, []).append(slot)
    order = {id(slot): place for place, slot in enumerate(slots)}
    return [sorted(members, key=lambda slot: order[id(slot)]) for members in joined.values()]


def _steps(running: list[Running], header: dict[str, Any], queue: Iterator[memoryview], readings: Readings) -> float:
    seconds = 0.0
    for steps in ready_steps(running, readings.slots, header, queue):
        seconds += sum(_timed(make_step, header["device"]) for make_step in steps)
        if header["read"] == "every":
            readings.read()
    if header["read"] == "last":
        readings.read()
    return seconds


def ready_steps(
    running: list[Running], slots: list[Slot], header: dict[str, Any], queue: Iterator[memoryview]
) -> Iterator[list[Callable[[], Any]]]:
    """Before each step settings and gradients are what the step is to find; then it is the caller who makes it."""
    steps = [_step_of(each, header) for each in running]
    for step in header["steps"]:
        options = step.get("options", [])
        for each in running if options else ():
            _change(each, options)
        for slot in slots:
            gradient = _gradient(next(queue), slot.parameter)
            slot.parameter.grad = _laid(gradient, header.get("gradient", "dense"))
        yield steps


def _as_held(value: Any, held: Any) -> Any:
    """A setting of the kind that a group holds: a tensor in the place of a tensor."""
    if isinstance(held, torch.Tensor):
        return torch.full_like(held, float(value))
    if isinstance(value, tuple) and isinstance(held, (list, tuple)) and len(held) == len(value):
        return type(value)(_as_held(one, other) for one, other in zip(value, held))
    return value


def _change(each: Running, options: list[dict[str, Any]]) -> None:
    """The settings of groups, and those that stand on the optimizer, become others."""
    for group, place in zip(groups_of(each.optimizer), each.places):
        changed = _kept_in_groups(options[place])
        group.update({key: _as_held(value, group.get(key)) for key, value in changed.items()})
    for path, value in from_json(options[each.places[0]]).items():
        if path.startswith(ON_OPTIMIZER):
            put(each.optimizer, each.slots[0].parameter, path, value)


def _gradient(buffer: memoryview, parameter: torch.Tensor) -> torch.Tensor:
    return from_bytes(buffer, parameter.dtype, parameter.shape, str(parameter.device))


def _laid(gradient: torch.Tensor, layout: str) -> torch.Tensor:
    """A gradient is dense, or sparse with all its rows or every other one."""
    if layout == "dense":
        return gradient
    return with_rows(gradient, every=2 if layout.endswith("even rows") else 1)


def _step_of(each: Running, header: dict[str, Any]) -> Callable[[], Any]:
    if not header.get("compiled"):
        with phase("step"):
            return step_of(each.optimizer, [slot.parameter for slot in each.slots])
    from .torch_compiled import compiled

    return compiled(each.optimizer)


def _timed(make_step: Callable[[], Any], device: str) -> float:
    with phase("step"):
        synchronise(device)
        start = time.perf_counter()
        make_step()
        synchronise(device)
        return time.perf_counter() - start
