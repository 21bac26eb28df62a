"""Exponential decay in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A decay at every step, or over a number of them."""
    periods = t / settings["transition_steps"] if options["over"] == "period" else t
    return float(settings["lr"] * settings["gamma"] ** periods)
