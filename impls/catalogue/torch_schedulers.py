"""The catalogue of schedulers: torch's, and those of other libraries where they are installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE, Scheduler


def _torch(name: str, schedule: str, computes: str = CLOSED, **more: Any) -> Scheduler:
    target = f"torch.optim.lr_scheduler:{name}"
    return Scheduler(f"torch.{name}", target, schedule, computes, **more)


COURSES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "anneal": ("anneal_strategy", {"cos": "cos", "linear": "linear"})
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
    _torch("MultiStepLR", "multi_step", RECURRENCE, options={"boundary": "at"}, lists=("milestones",), chainable=True),
    _torch("ExponentialLR", "exponential", RECURRENCE, chainable=True),
    _torch("PolynomialLR", "polynomial", RECURRENCE, options={"end": "zero"}, chainable=True),
    _torch("CosineAnnealingLR", "cosine", RECURRENCE, options={"after": "periodic", "end": "T"}),
    _torch("CosineAnnealingWarmRestarts", "cosine_restarts", fractional=True),
    _torch("OneCycleLR", "one_cycle", options={"joints": "share"}, switches=ANNEAL, momentum=True, otherwise="epochs"),
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
    _torch("MultiplicativeLR", "given", RECURRENCE, options={"of": "previous"}, tables=("lr_lambda",), chainable=True),
    Scheduler("torch.SWALR", "torch.optim.swa_utils:SWALR", "averaging", RECURRENCE, switches=COURSES, by_epoch=False),
    _torch("ReduceLROnPlateau", "plateau", RECURRENCE, options={"share": "signed"}, switches=PLATEAU, by_epoch=False),
    _torch("SequentialLR", "sequence", by_epoch=False),
    _torch("ChainedScheduler", "chain", by_epoch=False),
)
