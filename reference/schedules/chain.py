"""Schedules that multiply each other, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The base times the factor that each schedule has at t."""
    return settings["lr"] * prod(given[part][int(t)] for part in ("a", "b"))
