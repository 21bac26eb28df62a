"""transformers: its `get_*_schedule` functions, each of which returns a LambdaLR.

The functions take the length of the whole run, warm-up included.  `min_lr` and `lr_end` are turned
into a factor with the optimizer's default learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE, Scheduler

STEPS = {"warmup": "num_warmup_steps"}
WHOLE: Mapping[str, tuple[str, ...]] = {"num_training_steps": ("warmup", "T_max")}
PLATEAU = {
    "mode": ("mode", {"min": "min", "max": "max"}),
    "threshold_mode": ("threshold_mode", {"rel": "rel", "abs": "abs"}),
}
SHAPES = {"shape": ("decay_type", {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"})}


def _own(name: str, schedule: str, variant: str = "", **more: Any) -> Scheduler:
    target = f"transformers.optimization:{name}"
    if more.get("computes") != RECURRENCE:
        more["at_epoch"] = more.get("computes", CLOSED)
    return Scheduler(f"transformers.{name}{variant}", target, schedule, **{"library": "transformers", **more})


def _warmup(name: str, into: str, variant: str = "", **more: Any) -> Scheduler:
    options = {"into": into, "first": "zero", "clock": "restart", **more.pop("options", {})}
    return _own(name, "warmup", variant, **{"options": options, "keywords": STEPS, "sums": WHOLE, **more})


SCHEDULERS: tuple[Scheduler, ...] = (
    _own("get_constant_schedule", "constant", options={"kind": "plain"}),
    _warmup("get_constant_schedule_with_warmup", "constant", sums={}),
    _warmup("get_linear_schedule_with_warmup", "linear", sums={"num_training_steps": ("warmup", "total_iters")}),
    _warmup("get_cosine_schedule_with_warmup", "periodic", fixed={"eta_min": 0.0}),
    _warmup("get_cosine_with_hard_restarts_schedule_with_warmup", "restarts"),
    _warmup(
        "get_polynomial_decay_schedule_with_warmup",
        "polynomial",
        computes="factor",
        single_base_lr=True,
        keywords={**STEPS, "eta_end": "lr_end"},
        sums={"num_training_steps": ("warmup", "total_iters")},
    ),
    _own("get_inverse_sqrt_schedule", "inverse_sqrt", options={"scale": "peak", "first": "zero"}, keywords=STEPS),
    _warmup(
        "get_cosine_with_min_lr_schedule_with_warmup",
        "periodic",
        computes="factor",
        single_base_lr=True,
        keywords={**STEPS, "eta_min": "min_lr"},
    ),
    _warmup(
        "get_cosine_with_min_lr_schedule_with_warmup",
        "periodic",
        ", min_lr_rate",
        computes="factor",
        single_base_lr=True,
        keywords={**STEPS, "eta_min": ""},
        ratios={"min_lr_rate": ("eta_min", "lr")},
    ),
    _warmup(
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
        "periodic",
        computes="factor",
        single_base_lr=True,
        keywords={**STEPS, "eta_min": "min_lr"},
        options={"first": "share", "clock": "peak"},
    ),
    _own(
        "get_wsd_schedule",
        "warmup_stable_decay",
        computes="factor",
        single_base_lr=True,
        options={"first": "lowest"},
        switches=SHAPES,
        ratios={"min_lr_ratio": ("eta_min", "lr")},
        keywords={**STEPS, "stable": "num_stable_steps", "decay": "num_decay_steps", "eta_min": ""},
    ),
    _own(
        "get_reduce_on_plateau_schedule",
        "plateau",
        computes=RECURRENCE,
        options={"share": "signed"},
        switches=PLATEAU,
        by_epoch=False,
    ),
    _own(
        "get_greedy_schedule",
        "greedy",
        computes=RECURRENCE,
        options={"share": "signed"},
        switches=PLATEAU,
        by_epoch=False,
        single_base_lr=True,
    ),
)
