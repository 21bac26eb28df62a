"""The reflected exponential in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The share of steps left, over the mean of that share and one."""
    lr, lowest, steps = settings["lr"], settings["eta_min"], settings["T_max"]
    if t >= steps:
        return lowest
    left = 1.0 - t / steps
    return lowest + (lr - lowest) * left / (0.5 + 0.5 * left)
