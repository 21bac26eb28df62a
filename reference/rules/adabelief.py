"""AdaBelief in NumPy, as a person would write it."""

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
    """Zhuang et al. (2020), Algorithm 2, with the options of spec/rules/adabelief.py."""
    number = compute_format(storage).dtype.type
    theta, m, s = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    t = int(scalars["t"])

    gradient = used_gradient(options, number, scalars, before)
    m = number(beta1) * m + number(1 - beta1) * gradient
    s = number(beta2) * s + number(1 - beta2) * (gradient - m) ** 2 + number(epsilon)
    theta, average, correction = decayed(options, number, scalars, theta), m / number(1 - beta1**t), 1 - beta2**t
    if options["rectification"] == "no":
        theta = theta - number(lr) * average / (np.sqrt(s / number(correction)) + number(epsilon))
        return {"theta": theta, "m": m, "v": s}
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / correction
    if length < 5:
        return {"theta": theta - number(lr) * average, "m": m, "v": s}
    share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    size = number(lr * math.sqrt(share * correction))
    return {"theta": theta - size * average / (np.sqrt(s) + number(epsilon)), "m": m, "v": s}
