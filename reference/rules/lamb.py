"""LAMB in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """You et al. (2020), Algorithm 2, with the options of spec/rules/lamb.py, for one tensor."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    gradient = used_gradient(options, number, scalars, before)

    m = number(beta1) * m + number(1 - beta1) * gradient
    v = number(beta2) * v + number(1 - beta2) * gradient**2
    first, second = m, v
    if options["correction"] == "yes":
        first = m / number(1 - beta1 ** int(scalars["t"]))
        second = v / number(1 - beta2 ** int(scalars["t"]))
    direction = first / (np.sqrt(second) + number(epsilon))
    direction = direction + number(scalars["lambda"]) * theta

    parameter_norm = np.sqrt(np.sum(theta**2))
    direction_norm = np.sqrt(np.sum(direction**2))
    ratio = number(1)
    if parameter_norm > 0 and direction_norm > 0:
        if options["clamp"] == "yes":
            parameter_norm = np.minimum(parameter_norm, number(scalars["gamma_u"]))
        ratio = parameter_norm / direction_norm
    return {"theta": theta - number(lr) * ratio * direction, "m": m, "v": v}
