"""RMSProp in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Graves (2013), equations 38 to 45, with the options of spec/rules/rmsprop.py."""
    number = compute_format(storage).dtype.type
    theta, v, buffer = (before[name].astype(number) for name in ("theta", "v", "b"))
    lr, alpha, epsilon, momentum = (scalars[name] for name in ("eta", "alpha", "epsilon", "mu"))

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    v = number(alpha) * v + number(1 - alpha) * gradient**2
    after, second = {"v": v}, v
    if options["centered"] == "yes":
        mean = number(alpha) * before["a"].astype(number) + number(1 - alpha) * gradient
        after["a"], second = mean, v - mean**2
    inside = options["epsilon"] == "inside"
    # Only rounding makes a variance negative.
    under = np.maximum(second + number(epsilon) if inside else second, number(0))
    denominator = np.sqrt(under) if inside else np.sqrt(under) + number(epsilon)
    # Momentum
    holds_steps = options["momentum"] == "lr_inside"
    direction = number(lr) * gradient / denominator if holds_steps else gradient / denominator
    if momentum != 0:
        direction = buffer = number(momentum) * buffer + direction
    # Update
    change = direction if holds_steps else number(lr) * direction
    return {**after, "b": buffer, "theta": theta - change}
