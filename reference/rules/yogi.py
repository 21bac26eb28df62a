"""Yogi in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import decayed, used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Zaheer et al. (2018), Algorithm 2, with the options of spec/rules/yogi.py."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    t = int(scalars["t"])

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    square = gradient**2
    m = number(beta1) * m + number(1 - beta1) * gradient
    if options["start"] == "first_batch" and t == 1:
        v = square
    elif options["form"] == "sign":
        v = v - number(1 - beta2) * np.sign(v - square) * square
    else:
        v = v - number(1 - beta2) * (v - square)
    # Update
    first, second = m, v
    if options["correction"] == "both":
        first, second = m / number(1 - beta1**t), v / number(1 - beta2**t)
    theta = decayed(options, number, scalars, theta)
    theta = theta - number(lr) * first / (np.sqrt(second) + number(epsilon))
    return {"theta": theta, "m": m, "v": v}
