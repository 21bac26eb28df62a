"""NAdam in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import decayed, used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Dozat (2016), Algorithm 2, with the options of spec/rules/nadam.py."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    t = int(scalars["t"])

    # Momentum
    mu = ahead = beta1
    if options["schedule"] == "rising":
        mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (k * scalars["psi"])) for k in (t, t + 1))
    # Moments
    gradient = used_gradient(options, number, scalars, before)
    rate = beta1 if options["average"] == "beta1" else mu
    m = number(rate) * m + number(1 - rate) * gradient
    v = number(beta2) * v + number(1 - beta2) * gradient**2
    denominator = np.sqrt(v / number(1 - beta2**t)) + number(epsilon)
    after = {"m": m, "v": v}
    # Update
    theta = decayed(options, number, scalars, theta)
    if options["schedule"] == "rising":
        product = float(before["P"][0]) * mu
        now, later = lr * (1 - mu) / (1 - product), lr * ahead / (1 - product * ahead)
        step = number(now) * gradient / denominator + number(later) * m / denominator
        return {**after, "theta": theta - step, "P": np.array([product])}
    if options["schedule"] == "constant":
        corrected = m / number(1 - beta1 ** (t + 1)), gradient / number(1 - beta1**t)
        look = number(beta1) * corrected[0] + number(1 - beta1) * corrected[1]
    else:
        look = (number(beta1) * m + number(1 - beta1) * gradient) / number(1 - beta1**t)
    return {**after, "theta": theta - number(lr) * look / denominator}
