"""timm: the schedulers of `timm.scheduler`, which are told the epoch and keep no count.

`warmup_t` is left at 0 where the entry claims no warm-up.
"""

from __future__ import annotations

from typing import Any

from impls.catalogue.scheduler_entries import RECURRENCE, TIMM, Scheduler

FOREVER = 10**6
PLATEAU = {"mode": ("mode", {"min": "min", "max": "max"})}
SHAPES = {"shape": ("decay_fn", {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"})}
COSINE = {"T_max": "t_initial", "eta_min": "lr_min"}
POLYNOMIAL = {"total_iters": "t_initial", "eta_end": "lr_min"}
WARMUP = {"warmup": "warmup_t"}
SHARED, PREFIX = {"clock": "shared"}, {"warmup_prefix": True}


def _own(name: str, schedule: str, variant: str = "", **more: Any) -> Scheduler:
    target = f"timm.scheduler.{MODULES[name]}:{name}"
    return Scheduler(f"timm.{name}{variant}", target, schedule, **{"interface": TIMM, "library": "timm", **more})


MODULES = {
    "CosineLRScheduler": "cosine_lr",
    "StepLRScheduler": "step_lr",
    "MultiStepLRScheduler": "multistep_lr",
    "PlateauLRScheduler": "plateau_lr",
    "PolyLRScheduler": "poly_lr",
    "WSDLRScheduler": "wsd_lr",
    "TanhLRScheduler": "tanh_lr",
}
SCHEDULERS: tuple[Scheduler, ...] = (
    _own("CosineLRScheduler", "cosine", options={"after": "hold", "end": "T"}, keywords=COSINE),
    _own(
        "CosineLRScheduler",
        "warmup",
        " with warmup",
        options={"into": "cosine", **SHARED},
        keywords={**COSINE, **WARMUP},
    ),
    _own(
        "CosineLRScheduler",
        "warmup",
        " with warmup_prefix",
        options={"into": "cosine"},
        keywords={**COSINE, **WARMUP},
        constructor=PREFIX,
    ),
    _own(
        "CosineLRScheduler",
        "cosine_restarts",
        " with cycles",
        fractional=True,
        keywords={"T_0": "t_initial", "T_mult": "cycle_mul", "eta_min": "lr_min"},
        constructor={"cycle_limit": FOREVER},
    ),
    _own("CosineLRScheduler", "k_decay", " with k_decay", options={"of": "cosine"}, keywords=COSINE),
    _own("PolyLRScheduler", "k_decay", " with k_decay", options={"of": "polynomial"}, keywords=COSINE),
    _own("StepLRScheduler", "step", keywords={"step_size": "decay_t", "gamma": "decay_rate"}),
    _own(
        "MultiStepLRScheduler",
        "multi_step",
        options={"boundary": "before"},
        lists=("decay_t",),
        keywords={"gamma": "decay_rate"},
    ),
    _own("PolyLRScheduler", "polynomial", options={"end": "value"}, keywords=POLYNOMIAL),
    _own(
        "PolyLRScheduler",
        "warmup",
        " with warmup_prefix",
        options={"into": "polynomial"},
        keywords={**POLYNOMIAL, **WARMUP},
        constructor=PREFIX,
    ),
    _own("TanhLRScheduler", "tanh", options={"first": "base"}, keywords=COSINE),
    _own(
        "WSDLRScheduler",
        "warmup_stable_decay",
        options={"first": "zero"},
        switches=SHAPES,
        keywords={"warmup": "warmup_t", "decay": "decay_t", "eta_min": "lr_min", "stable": ""},
        sums={"t_initial": ("stable", "decay")},
    ),
    _own(
        "PlateauLRScheduler",
        "plateau",
        computes=RECURRENCE,
        switches=PLATEAU,
        by_epoch=False,
        options={"threshold_mode": "rel", "share": "signed"},
        fixed={"eps": 1e-8},
        keywords={
            "factor": "decay_rate",
            "patience": "patience_t",
            "cooldown": "cooldown_t",
            "min_lr": "lr_min",
            "eps": "",
        },
    ),
)
