"""RAdam in NumPy, as a person would write it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reference.common_steps import decayed, used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Liu et al. (2020), Algorithm 2, with the options of spec/rules/radam.py."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    t = int(scalars["t"])

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    m = number(beta1) * m + number(1 - beta1) * gradient
    v = number(beta2) * v + number(1 - beta2) * gradient**2
    corrected = m / number(1 - beta1**t)
    # Rectification
    correction = 1 - beta2**t
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / correction
    tractable = {"above_5": length > 5, "above_4": length > 4, "from_5": length >= 5}
    theta = decayed(options, number, scalars, theta)
    if not tractable[options["threshold"]]:
        return {"theta": theta - number(lr) * corrected, "m": m, "v": v}
    rectification = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
    if options["epsilon"] == "before_correction":
        rate = number(math.sqrt(correction)) / (np.sqrt(v) + number(epsilon))
    else:
        rate = 1 / (np.sqrt(v / number(correction)) + number(epsilon))
    return {"theta": theta - number(lr) * corrected * number(rectification) * rate, "m": m, "v": v}
