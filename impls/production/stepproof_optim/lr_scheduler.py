"""Schedules for any torch optimizer, each a drop-in for torch's of the same name where there is one."""

from __future__ import annotations

from .engine.schedule import ClosedFormLR
from .schedules.chain import ChainedScheduler
from .schedules.cosine import CosineAnnealingLR
from .schedules.cosine_restarts import CosineAnnealingWarmRestarts
from .schedules.exponential import ExponentialLR
from .schedules.inverse_sqrt import InverseSqrtLR
from .schedules.multi_step import MultiStepLR
from .schedules.one_cycle import OneCycleLR
from .schedules.plateau import ReduceLROnPlateau
from .schedules.polynomial import PolynomialLR
from .schedules.sequence import SequentialLR
from .schedules.step import StepLR
from .schedules.warmup import WarmupLR
from .schedules.warmup_stable_decay import WarmupStableDecayLR

__all__ = [
    "ChainedScheduler",
    "ClosedFormLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "InverseSqrtLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "WarmupLR",
    "WarmupStableDecayLR",
]
