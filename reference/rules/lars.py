"""LARS in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """You et al. (2017), Algorithm 1, with the options of spec/rules/lars.py, for one tensor."""
    number = compute_format(storage).dtype.type
    theta, buffer = (before[name].astype(number) for name in ("theta", "b"))
    lr, momentum, decay, trust, epsilon = (number(scalars[name]) for name in ("eta", "mu", "lambda", "tau", "epsilon"))
    gradient = used_gradient(options, number, scalars, before)

    decayed = gradient + decay * theta
    parameter_norm = np.sqrt(np.sum(theta**2))
    if options["norm"] == "sum":
        gradient_norm = np.sqrt(np.sum(gradient**2))
        below = gradient_norm + decay * parameter_norm + epsilon
    else:
        gradient_norm = np.sqrt(np.sum(decayed**2))
        below = gradient_norm + epsilon
    ratio = number(1)
    if parameter_norm > 0 and gradient_norm > 0:
        ratio = trust * parameter_norm / below

    if options["rate"] == "inside":
        buffer = momentum * buffer + lr * ratio * decayed
        return {"theta": theta - buffer, "b": buffer}
    buffer = momentum * buffer + ratio * decayed
    return {"theta": theta - lr * buffer, "b": buffer}
