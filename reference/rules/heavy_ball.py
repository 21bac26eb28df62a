"""Momentum from an empty buffer in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Sutskever et al. (2013), equations 1 and 2, with the options of spec/rules/heavy_ball.py."""
    number = compute_format(storage).dtype.type
    theta, buffer = (before[name].astype(number) for name in ("theta", "b"))
    gradient = used_gradient(options, number, scalars, before)
    rate, momentum = number(scalars["eta"]), number(scalars["mu"])

    weight = number(1 - scalars["mu"]) if options["buffer"] == "average" else rate
    buffer = momentum * buffer + weight * gradient
    direction = momentum * buffer + weight * gradient if options["nesterov"] == "yes" else buffer
    moved = rate * direction if options["buffer"] == "average" else direction
    return {"theta": theta - moved, "b": buffer}
