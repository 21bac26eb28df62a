"""Cyclical learning rates in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A triangle wave."""
    lowest, highest = settings["base_lr"], settings["max_lr"]
    return lowest + (highest - lowest) * _height(options, settings, t)


def momentum(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The same wave upside down."""
    lowest, highest = settings["base_momentum"], settings["max_momentum"]
    return highest - (highest - lowest) * _height(options, settings, t)


def _height(options: Mapping[str, str], settings: Mapping[str, float], t: float) -> float:
    """Return how far up the wave is, 1 at the top of the first cycle."""
    up, down = settings["step_size_up"], settings["step_size_down"]
    cycle, place = divmod(t, up + down)
    height = place / up if place <= up else (up + down - place) / down
    if options["mode"] == "triangular2":
        height *= 0.5**cycle
    elif options["mode"] == "exp_range":
        height *= settings["gamma"] ** t
    return height
