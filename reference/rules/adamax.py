"""Adamax in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Kingma and Ba (2015), Algorithm 2, with the options of spec/rules/adamax.py."""
    number = compute_format(storage).dtype.type
    theta, m, u = (before[name].astype(number) for name in ("theta", "m", "u"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))

    gradient = used_gradient(options, number, scalars, before)
    m = number(beta1) * m + number(1 - beta1) * gradient
    in_maximum = options["epsilon"] == "in_maximum"
    size = np.abs(gradient) + number(epsilon) if in_maximum else np.abs(gradient)
    u = np.maximum(number(beta2) * u, size)
    denominator = u if in_maximum else u + number(epsilon)
    corrected = m / number(1 - beta1 ** scalars["t"])
    return {"theta": theta - number(lr) * corrected / denominator, "m": m, "u": u}
