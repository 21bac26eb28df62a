"""Hyperparameters that several schedules share."""

from __future__ import annotations

from spec.rule import CLOSED_UNIT, NONNEGATIVE, OPEN_UNIT, Domain, Hyperparameter
from spec.schedule import base, gamma, horizon, lowest

COUNT = Domain(1, 10**6)
"""A number of steps."""

BASE = Hyperparameter(base, "lr", 0.1, NONNEGATIVE, "learning rate of the optimizer")
HORIZON = Hyperparameter(horizon, "T", 100, COUNT, "steps until the end")
LOWEST = Hyperparameter(lowest, "eta_min", 0.0, NONNEGATIVE, "learning rate at the end")
GAMMA = Hyperparameter(gamma, "gamma", 0.1, Domain(0.0, 1.0, low_open=True), "factor of a decay")
FRACTION = CLOSED_UNIT
BETWEEN = OPEN_UNIT
