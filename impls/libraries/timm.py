"""timm: the optimizers of `timm.optim` that it does not take from torch."""

from __future__ import annotations

from typing import Any

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_optimizers import MAXIMIZE
from impls.catalogue.torch_paths import ADAM, MOVING, SINGLE, using
from impls.catalogue.torch_paths import EAGER as EAGER_IN_TORCH
from impls.libraries.timm_schedules import SCHEDULERS

EAGER: dict[str, Any] = {**EAGER_IN_TORCH, "coefficient": "storage"}
"""On the CPU torch rounds a scalar to the format of the tensor that it meets: no doing of the library."""

FOREACH = {"foreach": True}
BOTH = (ExecutionPath("single-tensor", SINGLE, profile=EAGER), ExecutionPath("foreach", FOREACH, profile=EAGER))
ONE = (ExecutionPath("default", profile=EAGER),)
LEGACY = ("weight first", "step size first", "subtract the decay")
IN_FLOAT32 = EAGER | {"intermediate": "compute"}
UNRECTIFIED = {"rectify": False}
BELIEF = (
    ExecutionPath("single-tensor", {**SINGLE, **UNRECTIFIED}, profile=IN_FLOAT32),
    ExecutionPath("foreach", {**FOREACH, **UNRECTIFIED}, profile=IN_FLOAT32),
)


def _timm(
    name: str, rule: str, paths: tuple[ExecutionPath, ...], forms: tuple[str, ...] = (), **more: Any
) -> Implementation:
    return Implementation(f"timm.{name}", f"timm.optim:{name}", rule, using(paths, forms), library="timm", **more)


OPTIMIZERS: tuple[Implementation, ...] = (
    _timm("AdamWLegacy", "adamw", BOTH, ADAM, switches={"amsgrad": ("amsgrad", "raw"), **MAXIMIZE}),
    _timm("AdaBelief", "adabelief", BELIEF, ADAM, options={"decay": "decoupled"}),
    _timm(
        "Adan",
        "adan",
        BOTH,
        ("textbook", *MOVING, "steps apart"),
        options={"decay": "proximal"},
        switches={"no_prox": ("decay", "decoupled")},
        states={"previous_grad": "-neg_pre_grad"},
        counter="group:step",
    ),
    _timm("Lion", "lion", BOTH, ("lerp",), options={"decay": "decoupled"}, switches=MAXIMIZE, counter=None),
    _timm(
        "NAdamLegacy",
        "nadam",
        ONE,
        ("root first", *LEGACY),
        options={"decay": "coupled"},
        keywords={"momentum_decay": ("schedule_decay",)},
        states={"mu_product": "m_schedule"},
    ),
    _timm("NAdamW", "nadam", BOTH, ADAM, options={"schedule": "shared", "decay": "decoupled"}, switches=MAXIMIZE),
    _timm(
        "SGDW",
        "sgd",
        BOTH,
        options={"decay": "decoupled"},
        counter=None,
        switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE},
    ),
    _timm(
        "RAdamLegacy",
        "radam",
        (ExecutionPath("default", profile=IN_FLOAT32),),
        ("step size over root", *LEGACY),
        options={"threshold": "from_5", "decay": "decoupled"},
    ),
    _timm(
        "RMSpropTF",
        "rmsprop",
        BOTH,
        ("increment",),
        options={"epsilon": "inside", "start": "one", "momentum": "lr_inside", "decay": "coupled"},
        switches={"centered": ("centered", "yes")},
    ),
)
LIBRARY = Library("timm", "timm.optim", "timm", OPTIMIZERS, SCHEDULERS)
