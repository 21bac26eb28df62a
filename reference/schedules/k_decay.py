"""k-decay in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A cosine or a polynomial in a power of time, and then the lowest value."""
    lr, lowest = settings["lr"], settings["eta_min"]
    done = min(1.0, t / settings["T_max"]) ** settings["k_decay"]
    left = (1.0 + cos(pi * done)) / 2.0 if options["of"] == "cosine" else (1.0 - done) ** settings["power"]
    return float(lowest + (lr - lowest) * left)
