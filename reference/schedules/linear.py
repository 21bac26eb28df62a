"""A linear change in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A factor that changes linearly."""
    lr, first, last, steps = (settings[name] for name in ("lr", "start_factor", "end_factor", "total_iters"))
    if t >= steps:
        return lr * last
    return lr * (first + (last - first) * t / steps)
