"""A description says how a target is called and which state two steps leave behind."""

from __future__ import annotations

import sys
from typing import Any

import torch

from .calling import asks_for_closure, step_of
from .failures import TargetFailure, phase, report
from .objects import compiled_parts, set_aside
from .signature import json_or_repr, parameters_of
from .state_path import groups_of, listed
from .surroundings import restore
from .target import resolve
from .text import shown
from .torch_platform import name_of, with_rows
from .torch_trial import ELEMENTS, Build, trial_values

SCALES = (1.0, 1.0, 0.0625, 0.5)
"""How large the gradient of each trial step is: it falls below former ones, which maxima show, and none drowns them."""
LARGEST = 4096
"""What holds more numbers is told by its shape alone."""


def describe(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """A trial that fails is part of the description."""
    restore()
    set_aside()  # before the trial: what that leaves is to be collected
    target = resolve(header["target"])
    dtype, calling = header.get("dtype", "float64"), header.get("calling", {})
    build = Build(header["target"], header.get("constructor", {}), "cpu", dtype, calling)
    shape = tuple(header.get("shape", [ELEMENTS]))
    sparse = header.get("gradient", "dense") == "sparse"
    try:
        trial = {"ok": True, **_trial(build, shape, sparse=sparse)}
    except TargetFailure as failure:
        trial = report(failure)
        if trial["used_up"]:
            raise  # the worker cannot go on
    with phase("read"):
        is_optimizer = isinstance(target, type) and issubclass(target, torch.optim.Optimizer)
        origin = {"is_optimizer": is_optimizer, **_origin(target)}
        return {**origin, "signature": parameters_of(target), "trial": trial}, []


def _origin(target: Any) -> dict[str, Any]:
    name = getattr(target, "__module__", None)
    module = sys.modules.get(str(name))
    package = sys.modules.get(str(name).partition(".")[0])
    version = getattr(package, "__version__", None)
    return {
        "module": name,
        "file": getattr(module, "__file__", None),
        "version": None if version is None else str(version),
    }


def _bases(optimizer: Any) -> list[str]:
    """The classes of an instance, and those of the optimizers that it holds as attributes."""
    held = getattr(optimizer, "__dict__", {}).values()
    beside = [value for value in held if isinstance(value, torch.optim.Optimizer)]
    return [_short(base) for each in (optimizer, *beside) for base in type(each).__mro__]


def _short(base: type) -> str:
    """The package of a class and its name: where exactly a package keeps it is its own affair."""
    return f"{base.__module__.partition('.')[0]}:{base.__qualname__}"


def _trial(build: Build, shape: tuple[int, ...], *, sparse: bool) -> dict[str, Any]:
    parameter = build.parameter(trial_values(0, shape, build))
    start = parameter.detach().flatten().tolist()
    optimizer = build.optimizer([{"params": [parameter]}])
    with phase("read"):
        groups = groups_of(optimizer)
        group = {name: _shown(groups[0][name]) for name in groups[0] if name != "params"} if groups else {}
        first = _places(optimizer, parameter)
        closure = asks_for_closure(optimizer)
    steps = [
        _trial_step(optimizer, parameter, scale * trial_values(step, shape, build), sparse=sparse)
        for step, scale in enumerate(SCALES, start=1)
    ]
    with phase("read"):
        defaults = dict(getattr(optimizer, "defaults", {}))
        return {
            "bases": _bases(optimizer),
            "compiles": compiled_parts(),
            "shape": list(shape),
            "parameter": start,
            "state": first,
            "steps": steps,
            "defaults": {str(name): json_or_repr(value) for name, value in defaults.items()},
            "options": {str(name): value for name, value in group.items()},
            "closure": closure,
        }


def _shown(value: Any) -> Any:
    """A setting as JSON has it: a number for a tensor of one."""
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        return value.item()
    if isinstance(value, (list, tuple)) and any(isinstance(item, torch.Tensor) for item in value):
        return [_shown(item) for item in value]
    return json_or_repr(value)


def _trial_step(optimizer: Any, parameter: torch.Tensor, gradient: torch.Tensor, *, sparse: bool) -> dict[str, Any]:
    sent = gradient.flatten().tolist()
    parameter.grad = with_rows(gradient) if sparse else gradient
    with phase("step"):
        step_of(optimizer, [parameter])()
    with phase("read"):
        return {
            "gradient": sent,
            "parameter": parameter.detach().flatten().tolist(),
            "state": _places(optimizer, parameter),
        }


def _places(optimizer: Any, parameter: torch.Tensor) -> dict[str, Any]:
    """All that is kept for the parameter, by its path."""
    return {path: _described_state(value) for path, value in listed(optimizer, parameter).items()}


def _described_state(value: Any) -> dict[str, Any]:
    if isinstance(value, torch.Tensor):
        values = None if value.is_complex() or value.numel() > LARGEST else value.detach().flatten().tolist()
        dtype = name_of(value.dtype)
        return {"kind": "tensor", "dtype": dtype, "shape": list(value.shape), "values": values}
    if isinstance(value, (bool, int, float)):
        return {"kind": "number", "dtype": type(value).__name__, "shape": [], "values": [value]}
    if value is None:
        return {"kind": "none"}
    return {"kind": "other", "type": type(value).__name__, "repr": shown(value)}
