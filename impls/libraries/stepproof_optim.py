"""stepproof_optim: the optimizers that this project ships, from `impls/production`.

A half-format tensor is computed on in float32, on every path.
"""

from __future__ import annotations

from typing import Any

from impls.catalogue.entries import EVERYWHERE, ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_optimizers import AMSGRAD, COUPLED, LR_INSIDE_DECAY, MAXIMIZE
from impls.catalogue.torch_paths import EAGER, FORMULA
from impls.devices import HOST

NAME = "stepproof_optim"
SINGLE = {"foreach": False, "fused": False}
ARITHMETIC: dict[str, Any] = {**EAGER, "intermediate": "compute"}
STEP_SIZE_FIRST = ("root first", "step size first")


def _paths(*forms: str) -> tuple[ExecutionPath, ...]:
    arithmetic = {**ARITHMETIC, "forms": forms}
    recorded = {**SINGLE, "differentiable": True}
    otherwise = (
        "the contract steps leaves that ask for a gradient, which autograd forbids to overwrite while it records"
    )
    return (
        ExecutionPath("single-tensor", SINGLE, EVERYWHERE, profile=arithmetic),
        ExecutionPath("foreach", {"foreach": True, "fused": False}, EVERYWHERE, profile=arithmetic),
        ExecutionPath("fused", {"foreach": False, "fused": True}, (HOST,), profile=arithmetic),
        ExecutionPath("differentiable", recorded, (HOST,), profile=arithmetic, properties=FORMULA, otherwise=otherwise),
    )


def _own(name: str, rule: str, *forms: str, **more: Any) -> Implementation:
    given = {"switches": MAXIMIZE, "library": NAME, "complex_numbers": True, **more}
    return Implementation(f"{NAME}.{name}", f"{NAME}:{name}", rule, _paths(*forms), **given)


OPTIMIZERS: tuple[Implementation, ...] = (
    _own("SGD", "sgd", options=COUPLED, switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE}, counter=None),
    _own("Adam", "adam", *STEP_SIZE_FIRST, options=COUPLED, switches=AMSGRAD | LR_INSIDE_DECAY | MAXIMIZE),
    _own("AdamW", "adamw", *STEP_SIZE_FIRST, switches=AMSGRAD | MAXIMIZE),
)
LIBRARY = Library(NAME, NAME, "stepproof-optim", OPTIMIZERS, source="impls/production")
