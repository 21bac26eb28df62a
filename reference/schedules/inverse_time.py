"""Inverse time decay in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """One over a linear function."""
    return settings["lr"] / (1.0 + settings["decay"] * t)
