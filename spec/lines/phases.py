"""Phases of one cycle: settings by which each ends after it begins."""

from __future__ import annotations

LEAST_STEPS = 8
NEXT_TO = 2.0**-21
"""A share of less than a millionth, but more than the roundings of float32."""


def in_order(values: dict[str, float], *, three: bool, whole: bool) -> dict[str, float]:
    """Move the shares of a cycle, by keyword, as little as keeps its joints in their order.

    Of ``three`` phases two are equally long.  Joints in ``whole`` steps stay where rounding does not
    decide the step.
    """
    steps = values["total_steps"] = max(values["total_steps"], LEAST_STEPS)
    low, high = 1.5 / steps, 0.5 if three else 1.0 - 1.5 / steps
    values["pct_start"] = min(max(values["pct_start"], low), high)
    if whole:
        _apart(values, int(steps))
    return values


def _apart(values: dict[str, float], steps: int) -> None:
    """Keep joints in whole steps apart."""
    first = 0
    names = [name for name in ("pct_start", "pct_final") if name in values]
    for left, name in zip((len(names), 1), names, strict=False):
        place = values[name] * steps
        below = place % 1 > 0.6  # the next whole step, but for a share of less than a millionth
        first = min(max(int(place), first + 1), steps - left)
        values[name] = ((first + 1) * (1 - NEXT_TO) if below else first + 0.5) / steps
