"""pytorch_optimizer: those of its optimizers whose rule is in the book.

A param group counts the steps of all its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_optimizers import MAXIMIZE
from impls.catalogue.torch_paths import ADAM, MOVING, SINGLE
from impls.catalogue.torch_paths import EAGER as EAGER_IN_TORCH

EAGER: dict[str, Any] = {**EAGER_IN_TORCH, "coefficient": "storage"}
"""On the CPU torch rounds a scalar to the format of the tensor that it meets: no doing of the library."""

COUNTER = "group:step"
DECOUPLED, COUPLED = {"decay": "decoupled"}, {"decay": "coupled"}
OVER_ROOT = (*MOVING, "step size over root")


def _paths(constructor: Mapping[str, Any] | None = None, **profile: Any) -> tuple[ExecutionPath, ...]:
    own = constructor or {}
    return (
        ExecutionPath("single-tensor", {**SINGLE, **own}, profile=EAGER | profile),
        ExecutionPath("foreach", {"foreach": True, **own}, profile=EAGER | profile),
    )


def _own(name: str, rule: str, paths: tuple[ExecutionPath, ...], *, variant: str = "", **more: Any) -> Implementation:
    more = {"switches": MAXIMIZE, "counter": COUNTER, **more}
    target = f"pytorch_optimizer:{name}"
    name += variant
    return Implementation(f"pytorch_optimizer.{name}", target, rule, paths, library="pytorch_optimizer", **more)


OPTIMIZERS: tuple[Implementation, ...] = (
    _own(
        "SGDW",
        "sgd",
        _paths({"weight_decouple": False}),
        options=COUPLED,
        switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE},
        domains={"momentum": (0.0, 1.0)},
    ),
    _own(
        "SGDW",
        "sgd",
        _paths(),
        variant=" with decoupled decay",
        options=DECOUPLED,
        switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE},
        domains={"momentum": (0.0, 1.0)},
    ),
    _own(
        "AdaBound",
        "adabound",
        _paths(forms=MOVING),
        options={"epsilon": "squared", "end": "rescaled", **DECOUPLED},
        switches={"ams_bound": ("amsgrad", "raw"), **MAXIMIZE},
    ),
    _own("AdaDelta", "adadelta", _paths({"weight_decouple": False}, forms=("weight first",)), options=COUPLED),
    _own("AdaMax", "adamax", _paths({"weight_decouple": False}, forms=("lerp", "step size first")), options=COUPLED),
    _own(
        "RAdam",
        "radam",
        _paths({"degenerated_to_sgd": True}, forms=OVER_ROOT),
        options={"threshold": "from_5", **DECOUPLED},
    ),
    _own(
        "RAdam",
        "radam",
        _paths({"degenerated_to_sgd": True, "weight_decouple": False}, forms=OVER_ROOT),
        variant=" with L2",
        options={"threshold": "from_5", **COUPLED},
    ),
    _own("Lion", "lion", _paths(forms=("lerp",)), options=DECOUPLED),
    _own("AdaBelief", "adabelief", _paths(forms=ADAM), options=DECOUPLED),
    _own(
        "Yogi",
        "yogi",
        _paths(forms=("lerp", "root first", "step size first")),
        options={"start": "constant", "correction": "both", **DECOUPLED},
    ),
    _own(
        "Adan",
        "adan",
        _paths(forms=("textbook", *MOVING, "steps apart")),
        options={"decay": "proximal"},
        switches={"weight_decouple": ("decay", "decoupled"), **MAXIMIZE},
        states={"previous_grad": "-previous_grad"},
    ),
)
LIBRARY = Library("pytorch_optimizer", "pytorch_optimizer", "pytorch_optimizer", OPTIMIZERS)
