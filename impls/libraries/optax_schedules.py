"""optax: its schedules, functions of the count of steps, computed by XLA in float32.

A schedule has no groups: each learning rate is a schedule of its own.
"""

from __future__ import annotations

from typing import Any

from impls.catalogue.scheduler_entries import CLOSED, OPTAX, PartList, Scheduler

VALUE, PEAK = {"lr": "init_value"}, {"lr": "peak_value", "warmup": "warmup_steps"}
FROM_ZERO, FROM_PEAK = {"init_value": 0.0}, "from the peak"
CYCLE = {"max_lr": "peak_value", "total_steps": "transition_steps", "base_momentum": "", "max_momentum": ""}
XLA: dict[str, Any] = {"scalar": "float32", "functions": 4.0, "reciprocal": True, "flush": True}
"""Functions are within four units, as in the catalogue of optimizers."""
LINE = {**VALUE, "total_iters": "transition_steps", "eta_end": "end_value", "power": ""}

COSINES = PartList("cosine_kwargs", "optax.warmup_cosine_decay_schedule")


def _own(name: str, schedule: str, variant: str = "", **more: Any) -> Scheduler:
    more["at_epoch"] = more.get("computes", CLOSED)
    return Scheduler(
        f"optax.{name}{variant}",
        f"optax:{name}",
        schedule,
        **{"interface": OPTAX, "library": "optax", "framework": "jax", "keywords": VALUE, "profile": XLA, **more},
    )


SCHEDULERS: tuple[Scheduler, ...] = (
    _own("constant_schedule", "constant", options={"kind": "plain"}, keywords={"lr": "value"}),
    _own(
        "linear_schedule",
        "polynomial",
        options={"end": "value"},
        keywords=LINE,
        fixed={"power": 1.0},
        computes="clipped",
    ),
    _own(
        "polynomial_schedule",
        "polynomial",
        options={"end": "value"},
        keywords={**LINE, "power": "power"},
        computes="clipped",
    ),
    _own("exponential_decay", "exponential", options={"over": "period"}, keywords={**VALUE, "gamma": "decay_rate"}),
    _own(
        "exponential_decay",
        "step",
        ", staircase",
        constructor={"staircase": True},
        keywords={**VALUE, "gamma": "decay_rate", "step_size": "transition_steps"},
    ),
    _own(
        "piecewise_constant_schedule",
        "multi_step",
        options={"boundary": "at"},
        lists=("boundaries_and_scales",),
        keywords={**VALUE, "gamma": ""},
    ),
    _own(
        "cosine_decay_schedule",
        "cosine",
        options={"after": "hold", "end": "T"},
        computes="factor",
        keywords={**VALUE, "T_max": "decay_steps", "eta_min": ""},
        ratios={"alpha": ("eta_min", "lr")},
    ),
    _own(
        "warmup_constant_schedule",
        "warmup",
        options={"into": "constant"},
        keywords=PEAK,
        constructor=FROM_ZERO,
        computes=FROM_PEAK,
    ),
    _own(
        "warmup_cosine_decay_schedule",
        "warmup",
        options={"into": "cosine"},
        computes=FROM_PEAK,
        keywords={**PEAK, "eta_min": "end_value"},
        sums={"decay_steps": ("warmup", "T_max")},
        constructor=FROM_ZERO,
    ),
    _own(
        "warmup_exponential_decay_schedule",
        "warmup",
        options={"into": "exponential"},
        keywords={**PEAK, "gamma": "decay_rate"},
        constructor=FROM_ZERO,
        computes=FROM_PEAK,
    ),
    _own(
        "cosine_onecycle_schedule",
        "one_cycle",
        keywords=CYCLE,
        computes="products",
        options={"anneal": "cos", "phases": "two", "joints": "whole"},
    ),
    _own(
        "linear_onecycle_schedule",
        "one_cycle",
        keywords=CYCLE,
        computes="products",
        options={"anneal": "linear", "phases": "three", "joints": "whole"},
    ),
    _own(
        "piecewise_interpolate_schedule",
        "interpolated",
        lists=("boundaries_and_scales",),
        tables=("boundaries_and_scales",),
        switches={"anneal": ("interpolate_type", {"cos": "cosine", "linear": "linear"})},
    ),
    _own("join_schedules", "sequence", by_epoch=False),
    _own("sgdr_schedule", "sequence", by_epoch=False, part_list=COSINES),
)
