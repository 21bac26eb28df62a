"""Cosine annealing in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Half a cosine, over and over or once."""
    lr, lowest = settings["lr"], settings["eta_min"]
    length = settings["T_max"] if options["end"] == "T" else settings["T_max"] - 1
    if options["after"] == "hold" and t >= length:
        return lowest
    return lowest + (lr - lowest) * (1.0 + cos(pi * t / length)) / 2.0
