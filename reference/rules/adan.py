"""Adan in NumPy, as a person would write it."""

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
    """Xie et al. (2022), Algorithm 1, with the options of spec/rules/adan.py."""
    number = compute_format(storage).dtype.type
    theta, m, d, n, previous = (before[name].astype(number) for name in ("theta", "m", "v", "n", "p"))
    lr, beta1, beta2, beta3, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "beta3", "epsilon"))
    t, decay = int(scalars["t"]), scalars.get("lambda", 0.0)

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    change = np.zeros_like(gradient) if t == 1 else gradient - previous
    ahead = gradient + number(beta2) * change
    m = number(beta1) * m + number(1 - beta1) * gradient
    d = number(beta2) * d + number(1 - beta2) * change
    n = number(beta3) * n + number(1 - beta3) * ahead**2
    # Update
    denominator = np.sqrt(n) / number(math.sqrt(1 - beta3**t)) + number(epsilon)
    direction = m / number(1 - beta1**t) + number(beta2) * d / number(1 - beta2**t)
    theta = decayed(options, number, scalars, theta) - number(lr) * direction / denominator
    if options["decay"] == "proximal":
        theta = theta / number(1 + lr * decay)
    return {"theta": theta, "m": m, "v": d, "n": n, "p": gradient}
