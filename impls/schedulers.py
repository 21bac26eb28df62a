"""The catalogue of schedulers: torch's, and those of other libraries where they are installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from impls.libraries.optax_schedules import OPTAX_SCHEDULES
from impls.libraries.timm_schedulers import TIMM_SCHEDULERS
from impls.libraries.transformers_schedules import TRANSFORMERS_SCHEDULES
from impls.scheduler import CLAIM, CLOSED, RECURRENCE, Scheduler


def _torch(name: str, schedule: str, computes: str = CLOSED, **more: Any) -> Scheduler:
    target = f"torch.optim.lr_scheduler:{name}"
    return Scheduler(f"torch.{name}", target, schedule, computes, **more)


COURSES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "anneal": ("anneal_strategy", {"cos": "cos", "linear": "linear"}),
}
ANNEAL = {**COURSES, "phases": ("three_phase", {"two": False, "three": True})}
MODES = {name: name for name in ("triangular", "triangular2", "exp_range")}
PLATEAU = {
    "mode": ("mode", {"min": "min", "max": "max"}),
    "threshold_mode": ("threshold_mode", {"rel": "rel", "abs": "abs"}),
}

SCHEDULERS: tuple[Scheduler, ...] = (
    _torch("ConstantLR", "constant", RECURRENCE, at_epoch="summed", chainable=True),
    _torch("LinearLR", "linear", RECURRENCE, at_epoch="clipped", chainable=True),
    _torch("StepLR", "step", RECURRENCE, chainable=True),
    _torch(
        "MultiStepLR",
        "multi_step",
        RECURRENCE,
        options={"boundary": "at"},
        lists=("milestones",),
        chainable=True,
    ),
    _torch("ExponentialLR", "exponential", RECURRENCE, chainable=True),
    _torch("PolynomialLR", "polynomial", RECURRENCE, options={"end": "zero"}, chainable=True),
    _torch("CosineAnnealingLR", "cosine", RECURRENCE, options={"after": "periodic", "end": "T"}),
    _torch("CosineAnnealingWarmRestarts", "cosine_restarts", fractional=True),
    _torch(
        "OneCycleLR",
        "one_cycle",
        options={"joints": "share"},
        switches=ANNEAL,
        momentum=True,
        last="total_steps",
        otherwise="epochs",
    ),
    _torch(
        "CyclicLR",
        "cyclic",
        "share of the cycle",
        switches={"mode": ("mode", MODES)},
        at_epoch="share of the cycle",
        momentum=True,
        otherwise="scale_fn",
    ),
    _torch("LambdaLR", "given", options={"of": "base"}, tables=("lr_lambda",)),
    _torch(
        "MultiplicativeLR",
        "given",
        RECURRENCE,
        options={"of": "previous"},
        tables=("lr_lambda",),
        chainable=True,
    ),
    Scheduler(
        "torch.SWALR",
        "torch.optim.swa_utils:SWALR",
        "averaging",
        RECURRENCE,
        switches=COURSES,
        by_epoch=False,
    ),
    _torch(
        "ReduceLROnPlateau",
        "plateau",
        RECURRENCE,
        options={"share": "signed"},
        switches=PLATEAU,
        by_epoch=False,
    ),
    _torch("SequentialLR", "sequence", by_epoch=False),
    _torch("ChainedScheduler", "chain", by_epoch=False),
)


OTHERS: tuple[Scheduler, ...] = (*TRANSFORMERS_SCHEDULES, *TIMM_SCHEDULERS, *OPTAX_SCHEDULES)
"""Every scheduler of every other library."""


def scheduler(name: str) -> Scheduler | None:
    """Return the entry with this identifier or target, or the one that a claim describes."""
    if CLAIM in name:
        target, _, claim = name.partition(CLAIM)
        schedule, computes, *options = claim.split(";")
        return claiming(target, schedule, dict(option.split("=") for option in options), computes)
    return next((s for s in (*SCHEDULERS, *OTHERS) if name in {s.identifier, s.target}), None)


def claiming(target: str, schedule: str, options: Mapping[str, str], computes: str) -> Scheduler:
    """Return the entry of a target from outside that claims a schedule.

    It takes the keywords of torch's scheduler for that schedule, or the schedule's own.
    """
    identifier = f"{target}{CLAIM}{';'.join([schedule, computes, *(f'{k}={v}' for k, v in options.items())])}"
    like = next((s for s in SCHEDULERS if s.schedule == schedule), None)
    if like is None:
        return Scheduler(identifier, target, schedule, computes, dict(options), by_epoch=False)
    switches = {name: value for name, value in like.switches.items() if name not in options}
    chosen = {**like.options, **options}
    return replace(
        like,
        identifier=identifier,
        target=target,
        computes=computes,
        options=chosen,
        switches=switches,
        otherwise="",
    )
