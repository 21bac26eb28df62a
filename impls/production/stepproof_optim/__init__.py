"""Optimizers for torch, each a drop-in for torch's of the same rule where there is one."""

from __future__ import annotations

from .engine.gradient_release import GradientRelease
from .rules.adabound import AdaBound
from .rules.adafactor import Adafactor
from .rules.adagrad import Adagrad
from .rules.adam import Adam, AdamW
from .rules.adamax import Adamax
from .rules.adan import Adan
from .rules.lamb import LAMB
from .rules.lion import Lion
from .rules.muon import Muon
from .rules.nadam import NAdam
from .rules.radam import RAdam
from .rules.rmsprop import RMSprop
from .rules.sgd import SGD
from .rules.yogi import Yogi

__all__ = [
    "LAMB",
    "SGD",
    "AdaBound",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "GradientRelease",
    "Lion",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Yogi",
]
