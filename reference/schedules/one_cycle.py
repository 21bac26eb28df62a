"""The 1cycle policy in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Up to the peak and down; joints in whole steps are one later."""
    whole, steps, peak = options["joints"] == "whole", settings["total_steps"], settings["max_lr"]
    first, end = peak / settings["div_factor"], steps - (not whole)
    last = first / settings["final_div_factor"]
    peak_at, back = settings["pct_start"] * steps - 1, 2 * settings["pct_start"] * steps - 2
    if whole:
        if t >= end:
            return last
        peak_at, back = int(settings["pct_start"] * steps), int(settings.get("pct_final", 1.0) * steps)
    legs = [(0.0, peak_at, first, peak), (peak_at, end, peak, last)]
    if options["phases"] == "three":
        legs[1:] = [(peak_at, back, peak, first), (back, end, first, last)]
    reached = (leg for leg in legs if t < leg[1] or (t == leg[1] and not whole))
    begin, until, a, b = next(reached, legs[-1])
    done = (t - begin) / (until - begin)
    return b + (a - b) * (1.0 + cos(pi * done)) / 2.0 if options["anneal"] == "cos" else a + (b - a) * done
