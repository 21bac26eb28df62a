"""Gradient descent with momentum in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

from reference.common_steps import decayed
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Sutskever et al. (2013), equations 1 and 2, with the options of spec/rules/sgd.py.

    Half formats are computed in float32; scalars in Python's double, then cast.
    """
    number = compute_format(storage).dtype.type
    theta, gradient, buffer = (before[name].astype(number) for name in ("theta", "g", "b"))
    momentum, dampening = scalars["mu"], scalars.get("tau", 0.0)

    # Gradient
    if options["maximize"] == "yes":
        gradient = -gradient
    if options["decay"] == "coupled":
        gradient = gradient + number(scalars["lambda"]) * theta
    # Momentum
    direction = gradient
    if momentum != 0:
        first = int(scalars["t"]) == 1
        damped = number(momentum) * buffer + number(1 - dampening) * gradient
        buffer = gradient if first else damped
        ahead = options["nesterov"] == "yes"
        direction = gradient + number(momentum) * buffer if ahead else buffer
    # Update
    theta = decayed(options, number, scalars, theta)
    return {"theta": theta - number(scalars["eta"]) * direction, "b": buffer}
