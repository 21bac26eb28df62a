"""Piecewise interpolation in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The way between the two boundaries around t."""
    begin, value = 0.0, float(settings["lr"])
    for end, scale in zip(given["milestones"], given["factors"], strict=False):
        if t < end:
            done = (t - begin) / (end - begin)
            reached = value * scale
            if options["anneal"] == "cos":
                return reached + (value - reached) * (1.0 + cos(pi * done)) / 2.0
            return value + (reached - value) * done
        begin, value = end, value * scale
    return value
