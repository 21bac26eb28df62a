"""Cyclical learning rates in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A triangle wave."""
    lowest, up, down = settings["base_lr"], settings["step_size_up"], settings["step_size_down"]
    cycle, place = divmod(t, up + down)
    height = place / up if place <= up else (up + down - place) / down
    if options["mode"] == "triangular2":
        height *= 0.5**cycle
    elif options["mode"] == "exp_range":
        height *= settings["gamma"] ** t
    return lowest + (settings["max_lr"] - lowest) * height
