"""The state that a parameter is to start from is put where its optimizer keeps it.

Its shapes and types are those that a step leaves: one on a throwaway parameter, or one that is
played with the parameter itself, where other things are kept beside what the formula names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from .calling import step_of
from .failures import phase
from .state_path import IN_GROUP, ON_OPTIMIZER, OWN, groups_of, held, listed, put
from .torch_platform import dtype_named, from_bytes, with_rows
from .torch_trial import Build, Template, copied, learn_template, trial_values


@dataclass(frozen=True)
class Slot:
    """A parameter, its place in the groups and the state it is to start from."""

    parameter: torch.Tensor
    group: int
    count: int
    states: tuple[memoryview, ...]


def shared(counter: str | None) -> bool:
    """Tell whether one count is that of several parameters: a group's, or the optimizer's."""
    path = counter or ""
    return path.startswith(IN_GROUP) or (path.startswith(ON_OPTIMIZER) and OWN not in path.split("/"))


def load(optimizer: Any, build: Build, header: dict[str, Any], slots: list[Slot]) -> None:
    """The parameters under way get their states and counts; the others stay fresh."""
    under_way = [slot for slot in slots if slot.count > 0]
    if header.get("played") or any(_keeps_more(_template(build, header, slot), header) for slot in under_way):
        _play(optimizer, build, header, under_way)
        return
    for slot in under_way:
        template = _template(build, header, slot)
        state = {key: copied(value) for key, value in template.state.items()}
        with phase("load"):
            optimizer.state[slot.parameter] = state
        for key, buffer in zip(header["states"], slot.states):
            dtype = _sent_as(header, build, key)
            state[key] = _of_template(slot.parameter, template, key, buffer, dtype)
        for counter in _counters(header):
            model = template.state.get(counter, held(optimizer, slot.parameter, counter))
            with phase("load"):
                put(optimizer, slot.parameter, counter, _like(model, slot.count))


def _template(build: Build, header: dict[str, Any], slot: Slot) -> Template:
    options = header["groups"][slot.group]["options"]
    sparse = header.get("gradient", "dense") != "dense"
    return learn_template(build, options, slot.parameter.dim(), sparse=sparse)


def _keeps_more(template: Template, header: dict[str, Any]) -> bool:
    """Tell whether in this format tensors are kept beside the states that have an element for each of the parameter."""
    named = {path.partition("/")[0] for path in (*header["states"], *_counters(header))}
    rest = (value for key, value in template.state.items() if key not in named)
    return any(isinstance(x, torch.Tensor) and x.dim() and tuple(x.shape) == template.shape for x in rest)


def _counters(header: dict[str, Any]) -> Iterable[str]:
    counter = header["counter"]
    return (*(() if counter is None else (counter,)), *header.get("counters_beside", ()))


def _sent_as(header: dict[str, Any], build: Build, key: str) -> torch.dtype:
    return dtype_named(header.get("state_dtypes", {}).get(key, build.dtype))


def _play(optimizer: Any, build: Build, header: dict[str, Any], slots: list[Slot]) -> None:
    """A step with the parameters themselves makes all that is kept for them; then values are replaced."""
    if not slots:
        return
    parameters = [slot.parameter for slot in slots]
    sparse = header.get("gradient", "dense") != "dense"
    gradients = [trial_values(1, tuple(p.shape), build) for p in parameters]
    with phase("load"):
        play(optimizer, parameters, [with_rows(gradient) if sparse else gradient for gradient in gradients])
        for slot in slots:
            for key, buffer in zip(header["states"], slot.states):
                model = held(optimizer, slot.parameter, key)
                value = _like_model(model, buffer, _sent_as(header, build, key), slot.parameter)
                put(optimizer, slot.parameter, key, value)
            for counter in _counters(header):
                put(optimizer, slot.parameter, counter, _like(held(optimizer, slot.parameter, counter), slot.count))


def play(optimizer: Any, parameters: list[Any], gradients: list[torch.Tensor]) -> None:
    """One step is made, after which the parameters are again what they were; groups with none of them take no part."""
    starts = [p.detach().clone() for p in parameters]
    for p, gradient in zip(parameters, gradients):
        p.grad = gradient
    groups = groups_of(optimizer)
    every = list(groups)
    groups[:] = [group for group in every if any(p is q for p in group["params"] for q in parameters)]
    step_of(optimizer, parameters)()
    groups[:] = every
    for p, start in zip(parameters, starts):
        p.grad = None
        set_along(optimizer, p, start)


def set_along(optimizer: Any, parameter: torch.Tensor, start: torch.Tensor) -> None:
    """The parameter is again what it was, so is every copy of it in another format, and nothing is left of it."""
    stepped = parameter.detach().clone()
    with torch.no_grad():
        for value in listed(optimizer, parameter).values():
            if not isinstance(value, torch.Tensor) or value.shape != stepped.shape or not value.numel():
                continue
            if value.is_floating_point() and _is_copy(value.detach().to(stepped.dtype), stepped):
                value.copy_(start)
            elif _is_lost(value, stepped):
                value.zero_()
        parameter.copy_(start)


def _is_copy(value: torch.Tensor, stepped: torch.Tensor) -> bool:
    return bool(((value == stepped) | (value.isnan() & stepped.isnan())).all())


def _is_lost(value: torch.Tensor, stepped: torch.Tensor) -> bool:
    """Tell whether it is what a half format lost of a parameter: 16 bits, or no more than its rounding."""
    if stepped.dtype not in {torch.bfloat16, torch.float16}:
        return False
    if value.is_floating_point():
        info = torch.finfo(stepped.dtype)
        return not bool((value.abs() > info.eps * (stepped.abs() + info.tiny)).any())  # NaN where it overflowed
    return value.element_size() == stepped.element_size() and not value.is_complex()


def _like_model(model: Any, buffer: memoryview, dtype: torch.dtype, parameter: torch.Tensor) -> Any:
    if isinstance(model, (bool, int, float)):
        return type(model)(from_bytes(buffer, dtype, (), "cpu").item())
    if not isinstance(model, torch.Tensor):
        return from_bytes(buffer, dtype, tuple(parameter.shape), str(parameter.device))
    return from_bytes(buffer, dtype, tuple(model.shape), str(model.device)).to(model.dtype)


def _of_template(parameter: torch.Tensor, template: Template, key: str, buffer: memoryview, dtype: torch.dtype) -> Any:
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


def _like(model: Any, count: int) -> Any:
    """A count in the form in which it is kept."""
    if isinstance(model, torch.Tensor):
        return torch.full_like(model, count)
    return type(model)(count) if isinstance(model, (int, float)) else count
