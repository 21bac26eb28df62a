"""Cosine annealing with warm restarts, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, floor, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Half cosines, found by walking from cycle to cycle; or equal ones, and then 0."""
    lr = settings["lr"]
    if options["cycles"] == "equal":
        cycles, whole = settings["num_cycles"], settings["T_max"]
        return lr * (1.0 + cos(pi * (t * cycles % whole) / whole)) / 2.0 if t < whole else 0.0
    lowest, length, growth = settings["eta_min"], settings["T_0"], settings["T_mult"]
    begin = length * floor(t / length) if growth == 1 else 0.0
    while t - begin >= length:
        begin, length = begin + length, length * growth
    return lowest + (lr - lowest) * (1.0 + cos(pi * (t - begin) / length)) / 2.0
