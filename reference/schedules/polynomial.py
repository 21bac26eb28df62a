"""Polynomial decay in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A power of the share of steps left, down to 0 or to a value."""
    lr, steps, last = settings["lr"], settings["total_iters"], settings.get("eta_end", 0.0)
    if t >= steps:
        return last
    return float((lr - last) * (1.0 - t / steps) ** settings["power"] + last)
