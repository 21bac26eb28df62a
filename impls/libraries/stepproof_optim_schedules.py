"""stepproof_optim: the schedules that this project ships, each computed from its closed form."""

from __future__ import annotations

from typing import Any

from impls.catalogue.scheduler_entries import RECURRENCE, Scheduler
from impls.catalogue.torch_schedulers import ANNEAL, PLATEAU

NAME = "stepproof_optim"


def _own(name: str, schedule: str, **more: Any) -> Scheduler:
    return Scheduler(f"{NAME}.{name}", f"{NAME}.lr_scheduler:{name}", schedule, library=NAME, **more)


SHAPES = {"shape": ("shape", {name: name for name in ("linear", "cosine", "sqrt")})}
SCHEDULERS: tuple[Scheduler, ...] = (
    _own("StepLR", "step"),
    _own("MultiStepLR", "multi_step", options={"boundary": "at"}, lists=("milestones",)),
    _own("ExponentialLR", "exponential"),
    _own("PolynomialLR", "polynomial", options={"end": "zero"}),
    _own("InverseSqrtLR", "inverse_sqrt", options={"scale": "peak", "first": "zero"}),
    _own("CosineAnnealingLR", "cosine", options={"after": "periodic", "end": "T"}),
    _own("CosineAnnealingWarmRestarts", "cosine_restarts", fractional=True),
    _own("OneCycleLR", "one_cycle", options={"joints": "share"}, switches=ANNEAL, momentum=True, otherwise="epochs"),
    _own("WarmupStableDecayLR", "warmup_stable_decay", options={"first": "zero"}, switches=SHAPES),
    _own(
        "ReduceLROnPlateau",
        "plateau",
        computes=RECURRENCE,
        options={"share": "magnitude"},
        switches=PLATEAU,
        by_epoch=False,
    ),
)
