"""The catalogue of schedulers: what each claims, and how its keywords are called.

An entry is plain data, as in the catalogue of optimizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

CLOSED, RECURRENCE = "closed form", "recurrence"
CLAIM = "#"
"""Separates a target from what it claims, in the name of a scheduler that is not in the catalogue."""


@dataclass(frozen=True)
class Scheduler:
    """Code that claims a schedule.

    ``options`` are the schedule's options it always has; ``switches`` maps an option to its
    constructor keyword and the value for each choice.  ``computes`` is the arithmetic that it
    declares for stepping: the closed form, another form of it by name, or the recurrence;
    ``at_epoch`` what it declares for an epoch that it is given.
    ``keywords`` maps the schedule's keywords to its own, where they differ; ``tables`` names those
    that take functions of t.  ``refuses`` are compositions that it may refuse with a clear error.
    """

    identifier: str
    target: str
    schedule: str
    computes: str = CLOSED
    options: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    at_epoch: str = CLOSED
    by_epoch: bool = True
    fractional: bool = False
    momentum: bool = False
    lists: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    chainable: bool = False
    last: str = ""
    framework: str = "torch"

    @property
    def name(self) -> str:
        """What people call it: the identifier without what it claims."""
        return self.identifier.partition(CLAIM)[0]


def _torch(name: str, schedule: str, computes: str = CLOSED, **more: Any) -> Scheduler:
    target = f"torch.optim.lr_scheduler:{name}"
    return Scheduler(f"torch.{name}", target, schedule, computes, **more)


ANNEAL = {"anneal": ("anneal_strategy", {"cos": "cos", "linear": "linear"}),
          "phases": ("three_phase", {"two": False, "three": True})}  # fmt: skip
MODES = {name: name for name in ("triangular", "triangular2", "exp_range")}
PLATEAU = {"mode": ("mode", {"min": "min", "max": "max"}),
           "threshold_mode": ("threshold_mode", {"rel": "rel", "abs": "abs"})}  # fmt: skip

SCHEDULERS: tuple[Scheduler, ...] = (
    _torch("ConstantLR", "constant", RECURRENCE, at_epoch="summed", chainable=True),
    _torch("LinearLR", "linear", RECURRENCE, at_epoch="clipped", chainable=True),
    _torch("StepLR", "step", RECURRENCE, chainable=True),
    _torch("MultiStepLR", "multi_step", RECURRENCE, options={"boundary": "at"}, lists=("milestones",),
        chainable=True),
    _torch("ExponentialLR", "exponential", RECURRENCE, chainable=True),
    _torch("PolynomialLR", "polynomial", RECURRENCE, options={"end": "zero"}, chainable=True),
    _torch("CosineAnnealingLR", "cosine", RECURRENCE, options={"after": "periodic", "end": "T"}),
    _torch("CosineAnnealingWarmRestarts", "cosine_restarts", fractional=True),
    _torch("OneCycleLR", "one_cycle", switches=ANNEAL, momentum=True, last="total_steps"),
    _torch("CyclicLR", "cyclic", "share of the cycle", switches={"mode": ("mode", MODES)},
        at_epoch="share of the cycle", momentum=True),
    _torch("LambdaLR", "given", options={"of": "base"}, tables=("lr_lambda",)),
    _torch("MultiplicativeLR", "given", RECURRENCE, options={"of": "previous"}, tables=("lr_lambda",),
        chainable=True),
    _torch("ReduceLROnPlateau", "plateau", RECURRENCE, options={"share": "signed"}, switches=PLATEAU,
           by_epoch=False),
    _torch("SequentialLR", "sequence", by_epoch=False),
    _torch("ChainedScheduler", "chain", by_epoch=False),
)  # fmt: skip


def scheduler(name: str) -> Scheduler | None:
    """Return the entry with this identifier or target, or the one that a claim describes."""
    if CLAIM in name:
        target, _, claim = name.partition(CLAIM)
        schedule, computes, *options = claim.split(";")
        return claiming(target, schedule, dict(option.split("=") for option in options), computes)
    return next((s for s in SCHEDULERS if name in {s.identifier, s.target}), None)


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
        like, identifier=identifier, target=target, computes=computes, options=chosen, switches=switches
    )
