"""What an unknown scheduler is: its signature, and how the thing is driven that it makes."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from .failures import TargetFailure, phase, report
from .schedule_adapters import DAMPENING, METRIC, RATE, TOLD
from .signature import parameters_of
from .target import resolve

TORCH, OF_COUNT = "torch", "optax"
METRICS = frozenset({"metric", "metrics", "loss", "val_loss", "score", "value", "val_metric", "monitor"})
"""What an argument of step is called that is a metric."""
EPOCHS = frozenset({"epoch", "step", "t", "num_update", "num_updates", "iteration", "current_step", "last_epoch"})
"""What an argument of step is called that is the time."""


def describe(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The signature of a target, and the name under which its module knows it."""
    target = resolve(header["target"])
    with phase("read"):
        parameters = parameters_of(target)
        name, module = getattr(target, "__qualname__", ""), getattr(target, "__module__", "")
        own = isinstance(target, type) and "__module__" in vars(target)
        known = f"{module}:{name}" if isinstance(name, str) and name and "<" not in name else ""
        return {"parameters": parameters, "known_as": known, "is_class": own, "callable": callable(target)}, []


def drive(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """How the thing is driven that a target makes of some arguments; a failure is part of the answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {"failed": "", **_driven(header)}, []
        except TargetFailure as failure:
            told = report(failure)
            if told["used_up"]:
                raise  # the worker cannot go on
            return {"failed": f"{told['type']}: {told['message']}", "where": told["where"]}, []


def _driven(header: dict[str, Any]) -> dict[str, Any]:
    optimizer = None
    if header["takes_optimizer"] or header.get("wrapped"):
        from .torch_schedule import Run  # where no optimizer is taken torch need not be there

        run = Run({"optimizer": header["optimizer"]})
        optimizer = run.fresh_optimizer()
        made = run.fresh_scheduler(header["scheduler"], optimizer, {})
    else:
        node = header["scheduler"]
        with phase("construct"):
            made = resolve(node["target"])(**node["keywords"])
    with phase("read"):
        if callable(getattr(made, "step", None)):
            return _with_a_step(made)
        if callable(getattr(made, "dampening", None)):
            return {"interface": DAMPENING, "lacks": _lacks(made)}
    if callable(made):
        return _a_function(made)
    return _a_number(made)


def _with_a_step(made: Any) -> dict[str, Any]:
    found = {"interface": TORCH, "lacks": _lacks(made), "metric": "", "takes_epoch": False}
    try:
        parameters = list(inspect.signature(made.step).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    plain = [p for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY}]
    required = [p for p in plain if p.default is p.empty]
    by_metric = [p.name for p in plain if p.name in METRICS]
    if required:
        first = required[0]
        if first.name in METRICS:
            return {**found, "interface": METRIC, "metric": first.name}
        return {**found, "interface": TOLD, "metric": by_metric[0] if by_metric else ""}
    if by_metric:
        return {**found, "interface": METRIC, "metric": by_metric[0]}
    return {**found, "takes_epoch": bool(plain) and plain[0].name in EPOCHS and not _inherits_its_step(made)}


def _inherits_its_step(made: Any) -> bool:
    """A step of torch's base class takes an epoch for those that have a closed form, and is itself told of none."""
    step = getattr(type(made), "step", None)
    of_base = getattr(step, "__module__", "").startswith("torch.") and "LRScheduler" in getattr(
        step, "__qualname__", ""
    )
    return of_base and not hasattr(made, "_get_closed_form_lr")


def _lacks(made: Any) -> list[str]:
    wanted = ("get_last_lr", "state_dict", "load_state_dict", "last_epoch")
    return [name for name in wanted if not hasattr(made, name)]


def _a_function(made: Any) -> dict[str, Any]:
    with phase("step"):
        value = made(1)
    return {**_a_number(value), "makes": True}


def _a_number(value: Any) -> dict[str, Any]:
    """A number of JAX is a function of the count, another one a function of the step."""
    if type(value).__module__.partition(".")[0] in {"jax", "jaxlib"}:
        return {"interface": OF_COUNT, "lacks": []}
    with phase("step"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"a {type(value).__name__} is no scheduler, no function of the step and no learning rate")
    return {"interface": RATE, "lacks": []}
