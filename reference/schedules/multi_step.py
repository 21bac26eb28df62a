"""Decay at milestones, in plain Python."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A decay at every milestone, or at the step before or after it."""
    reached = t + {"at": 0, "after": -1, "before": 1}[options["boundary"]]
    return float(settings["lr"] * settings["gamma"] ** bisect_right(sorted(given["milestones"]), reached))
