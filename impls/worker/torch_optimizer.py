"""The generic adapter runs any `torch.optim.Optimizer` from any state, one batch of steps at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from .devices import synchronise
from .failures import RequestError, phase
from .surroundings import restore
from .torch_platform import dtype_named, from_bytes, name_of, to_bytes, with_rows
from .torch_trial import Build, Template, copied, from_json, learn_template, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IN_GROUP = "group:"


@dataclass(frozen=True)
class Slot:
    """A parameter, its place in the groups and the state it is to start from."""

    parameter: torch.Tensor
    group: int
    count: int
    states: tuple[memoryview, ...]


class Readings:
    """What was read of all parameters, after every step or after the last."""

    def __init__(self, optimizer: Any, slots: list[Slot], states: list[str], counter: str | None) -> None:
        self.slots = slots
        self.counts: list[list[float | None]] = []
        self.buffers: list[bytes] = []
        self.dtypes: dict[str, str] = {}
        self._optimizer = optimizer
        self._states = states
        self._counter = counter

    def read(self) -> None:
        """The counts and buffers of this moment are appended."""
        counts: list[float | None] = []
        with phase("read"):
            for slot in self.slots:
                state = state_of(self._optimizer, slot.parameter)
                counts.append(_number(_holder(self._optimizer, slot, self._counter).get(_key(self._counter))))
                self.buffers.append(to_bytes(slot.parameter))
                self.buffers.extend(self._state(key, state.get(key)) for key in self._states)
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


def _key(counter: str | None) -> str:
    """A counter is a key of the state, or written `group:KEY` a key of the param group."""
    return (counter or "").removeprefix(IN_GROUP)


def _holder(optimizer: Any, slot: Slot, counter: str | None) -> Any:
    """The mapping that holds the step count of a parameter."""
    if not (counter or "").startswith(IN_GROUP):
        return state_of(optimizer, slot.parameter)
    groups = optimizer.param_groups
    return next(group for group in groups if any(p is slot.parameter for p in group["params"]))


def _number(value: Any) -> float | None:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    return value if isinstance(value, (int, float)) else None


def run(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """Fresh parameters, an optimizer in the given state, the steps, and what was read after them."""
    restore()
    build = Build(header["target"], header["constructor"], header["device"], header["dtype"])
    _check_count(header, buffers)
    queue = iter(buffers)
    slots = list(_slots(header, build, queue))
    together = _together(slots, header["counter"])
    optimizer = build.optimizer(_parameter_groups(header["groups"], together))
    _load(optimizer, build, header, slots)
    readings = Readings(optimizer, slots, header["states"], header["counter"])
    places = [members[0].group for members in together]
    seconds = _steps(optimizer, header, queue, readings, places)
    answer = {
        "counts": readings.counts,
        "state_dtypes": readings.dtypes,
        "read_steps": len(readings.counts),
        "step_seconds": seconds,
    }
    return answer, readings.buffers


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


def _together(slots: list[Slot], counter: str | None) -> list[list[Slot]]:
    """Parameters of one group stay together, unless the group counts and their counts differ.

    A fresh parameter then stays with the first one under way: its count is that of the group.
    """
    joined: dict[tuple[int, int], list[Slot]] = {}
    for slot in sorted(slots, key=lambda slot: (slot.group, slot.count == 0)):
        count = slot.count if (counter or "").startswith(IN_GROUP) else 0
        under_way = [key for key in joined if key[0] == slot.group]
        key = under_way[0] if under_way and count == 0 else (slot.group, count)
        joined.setdefault(key, []).append(slot)
    order = {id(slot): place for place, slot in enumerate(slots)}
    return [sorted(members, key=lambda slot: order[id(slot)]) for members in joined.values()]


def _parameter_groups(groups: list[dict[str, Any]], together: list[list[Slot]]) -> list[dict[str, Any]]:
    return [
        {"params": [slot.parameter for slot in members], **from_json(groups[members[0].group]["options"])}
        for members in together
    ]


def _load(optimizer: Any, build: Build, header: dict[str, Any], slots: list[Slot]) -> None:
    sent_as = header.get("state_dtypes", {})
    for slot in slots:
        if slot.count > 0:
            options = header["groups"][slot.group]["options"]
            sparse = header.get("gradient", "dense") != "dense"
            template = learn_template(build, options, slot.parameter.dim(), sparse=sparse)
            state = {key: copied(value) for key, value in template.state.items()}
            for key, buffer in zip(header["states"], slot.states):
                dtype = dtype_named(sent_as.get(key, build.dtype))
                state[key] = _state_value(slot.parameter, template, key, buffer, dtype)
            counter = header["counter"]
            if counter is not None and not counter.startswith(IN_GROUP):
                state[counter] = _counter(template, counter, slot.count)
            with phase("load"):
                optimizer.state[slot.parameter] = state
                if counter is not None and counter.startswith(IN_GROUP):
                    _holder(optimizer, slot, counter)[_key(counter)] = slot.count


def _state_value(parameter: torch.Tensor, template: Template, key: str, buffer: memoryview, dtype: torch.dtype) -> Any:
    model = template.state.get(key)
    device = str(parameter.device)
    if isinstance(model, (bool, int, float)):
        return type(model)(from_bytes(buffer, dtype, (), "cpu").item())
    if not isinstance(model, torch.Tensor):
        return from_bytes(buffer, dtype, parameter.shape, device).to(parameter.dtype)
    one_number = model.numel() == 1 and len(buffer) == dtype.itemsize
    shape = model.shape if one_number else _shape(model.shape, template.shape, tuple(parameter.shape))
    if model.dim() == 1 < parameter.dim():  # one number for each row, or for each column
        shape = (buffer.nbytes // dtype.itemsize,)
    return from_bytes(buffer, dtype, shape, str(model.device)).to(model.dtype)


def _shape(model: Any, template: tuple[int, ...], parameter: tuple[int, ...]) -> tuple[int, ...]:
    """A state that has the template's length in a dimension has the parameter's there."""
    if len(model) != len(template):
        return tuple(model)
    return tuple(full if length == trial else length for length, trial, full in zip(model, template, parameter))


def _counter(template: Template, key: str, count: int) -> Any:
    model = template.state.get(key)
    if isinstance(model, torch.Tensor):
        return torch.full_like(model, count)
    return type(model)(count) if isinstance(model, (int, float)) else count


def _steps(
    optimizer: Any, header: dict[str, Any], queue: Iterator[memoryview], readings: Readings, places: list[int]
) -> float:
    seconds = 0.0
    make_step = _step_of(optimizer, header)
    for step in header["steps"]:
        options = step.get("options", [])
        for group, place in zip(optimizer.param_groups, places):
            group.update(from_json(options[place] if options else {}))
        for slot in readings.slots:
            gradient = _gradient(next(queue), slot.parameter)
            slot.parameter.grad = _laid(gradient, header.get("gradient", "dense"))
        seconds += _timed(make_step, header["device"])
        if header["read"] == "every":
            readings.read()
    if header["read"] == "last":
        readings.read()
    return seconds


def _gradient(buffer: memoryview, parameter: torch.Tensor) -> torch.Tensor:
    return from_bytes(buffer, parameter.dtype, parameter.shape, str(parameter.device))


def _laid(gradient: torch.Tensor, layout: str) -> torch.Tensor:
    """A gradient is dense, or sparse with all its rows or every other one."""
    if layout == "dense":
        return gradient
    return with_rows(gradient, every=2 if layout.endswith("even rows") else 1)


def _step_of(optimizer: Any, header: dict[str, Any]) -> Callable[[], Any]:
    if not header.get("compiled"):
        return optimizer.step  # type: ignore[no-any-return]
    from .torch_compiled import compiled

    return compiled(optimizer)


def _timed(make_step: Callable[[], Any], device: str) -> float:
    with phase("step"):
        synchronise(device)
        start = time.perf_counter()
        make_step()
        synchronise(device)
        return time.perf_counter() - start
