"""Decay at every so many steps, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A decay every ``step_size`` steps."""
    return float(settings["lr"] * settings["gamma"] ** (t // settings["step_size"]))
