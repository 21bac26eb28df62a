"""The 1cycle policy in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Up to the peak and down."""
    first = settings["max_lr"] / settings["div_factor"]
    return _between(options, settings, (first, settings["max_lr"], first / settings["final_div_factor"]), t)


def momentum(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Down to the lowest at the peak of the learning rate, and up again."""
    return _between(
        options, settings, (settings["max_momentum"], settings["base_momentum"], settings["max_momentum"]), t
    )


def _between(
    options: Mapping[str, str], settings: Mapping[str, float], values: tuple[float, float, float], t: float
) -> float:
    """Return the place between the first, the middle and the last value; joints in whole steps are one later."""
    whole, steps, (first, middle, last) = options["joints"] == "whole", settings["total_steps"], values
    end = steps - (not whole)
    middle_at, back = settings["pct_start"] * steps - 1, 2 * settings["pct_start"] * steps - 2
    if whole:
        if t >= end:
            return last
        middle_at, back = int(settings["pct_start"] * steps), int(settings.get("pct_final", 1.0) * steps)
    elif t > end:
        raise ValueError(f"a cycle of {steps:g} steps is over at step {t:g}; ask for one up to {end:g}")
    legs = [(0.0, middle_at, first, middle), (middle_at, end, middle, last)]
    if options["phases"] == "three":
        legs[1:] = [(middle_at, back, middle, first), (back, end, first, last)]
    reached = (leg for leg in legs if t < leg[1] or (t == leg[1] and not whole))
    begin, until, a, b = next(reached, legs[-1])
    done = (t - begin) / (until - begin)
    return b + (a - b) * (1.0 + cos(pi * done)) / 2.0 if options["anneal"] == "cos" else a + (b - a) * done
