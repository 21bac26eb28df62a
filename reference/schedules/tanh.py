"""Decay along a hyperbolic tangent, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import tanh


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A hyperbolic tangent, and then the lowest value."""
    lr, lowest, lb, ub = (settings[name] for name in ("lr", "eta_min", "lb", "ub"))
    if t < 1 and options["first"] == "base":
        return lr
    if t >= settings["T_max"]:
        return lowest
    return lowest + (lr - lowest) * (1.0 - tanh(lb + (ub - lb) * t / settings["T_max"])) / 2.0
