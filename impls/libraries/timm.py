"""timm: the optimizers of `timm.optim` that it does not take from torch."""

from __future__ import annotations

from typing import Any

from impls.catalogue import EAGER as EAGER_IN_TORCH
from impls.catalogue import MAXIMIZE, SINGLE, ExecutionPath, Implementation

EAGER: dict[str, Any] = {**EAGER_IN_TORCH, "coefficient": "storage"}
"""On the CPU torch rounds a scalar to the format of the tensor that it meets: no doing of the library."""

FOREACH = {"foreach": True}
BOTH = (
    ExecutionPath("single-tensor", SINGLE, profile=EAGER),
    ExecutionPath("foreach", FOREACH, profile=EAGER),
)
LEGACY = EAGER | {
    "forms": ("weight first", "root first", "step size first", "step size over root", "subtract the decay")
}
ONE = (ExecutionPath("default", profile=LEGACY),)
IN_FLOAT32 = EAGER | {"intermediate": "compute"}
UNRECTIFIED = {"rectify": False}
BELIEF = (
    ExecutionPath("single-tensor", {**SINGLE, **UNRECTIFIED}, profile=IN_FLOAT32),
    ExecutionPath("foreach", {**FOREACH, **UNRECTIFIED}, profile=IN_FLOAT32),
)
APART = EAGER | {"forms": ("textbook", "lerp", "weight first", "steps apart")}
ADAN = (
    ExecutionPath("single-tensor", SINGLE, profile=APART),
    ExecutionPath("foreach", FOREACH, profile=APART),
)
INCREMENT = EAGER | {"forms": ("increment",)}
TENSORFLOW = (
    ExecutionPath("single-tensor", SINGLE, profile=INCREMENT),
    ExecutionPath("foreach", FOREACH, profile=INCREMENT),
)


def _timm(name: str, rule: str, paths: tuple[ExecutionPath, ...], **more: Any) -> Implementation:
    return Implementation(f"timm.{name}", f"timm.optim:{name}", rule, paths, library="timm", **more)


TIMM: tuple[Implementation, ...] = (
    _timm("AdamWLegacy", "adamw", BOTH, switches={"amsgrad": ("amsgrad", "raw"), **MAXIMIZE}),
    _timm("AdaBelief", "adabelief", BELIEF, options={"decay": "decoupled"}),
    _timm(
        "Adan", "adan", ADAN, options={"decay": "proximal"}, switches={"no_prox": ("decay", "decoupled")},
        states={"previous_grad": "-neg_pre_grad"}, counter="group:step",
    ),
    _timm("Lion", "lion", BOTH, options={"decay": "decoupled"}, switches=MAXIMIZE, counter=None),
    _timm(
        "NAdamLegacy", "nadam", ONE, options={"decay": "coupled"},
        keywords={"momentum_decay": ("schedule_decay",)}, states={"mu_product": "m_schedule"},
    ),
    _timm("NAdamW", "nadam", BOTH, options={"schedule": "shared", "decay": "decoupled"}, switches=MAXIMIZE),
    _timm(
        "SGDW", "sgd", BOTH, options={"decay": "decoupled"}, counter=None,
        switches={"nesterov": ("nesterov", "yes"), **MAXIMIZE},
    ),
    _timm(
        "RAdamLegacy", "radam", (ExecutionPath("default", profile=LEGACY | {"intermediate": "compute"}),),
        options={"threshold": "from_5", "decay": "decoupled"},
    ),
    _timm(
        "RMSpropTF", "rmsprop", TENSORFLOW,
        options={"epsilon": "inside", "start": "one", "momentum": "lr_inside", "decay": "coupled"},
        switches={"centered": ("centered", "yes")},
    ),
)  # fmt: skip
