"""AdaBound and AMSBound in NumPy, as a person would write them."""

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
    """Luo et al. (2019), Algorithm 2, with the options of spec/rules/adabound.py."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, epsilon, final, gamma = (
        scalars[name] for name in ("eta", "beta1", "beta2", "epsilon", "alpha_f", "gamma")
    )
    t = int(scalars["t"])

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    m = number(beta1) * m + number(1 - beta1) * gradient
    v = number(beta2) * v + number(1 - beta2) * gradient**2
    after = {"m": m, "v": v}
    if options["amsgrad"] == "raw":
        v = after["x"] = np.maximum(before["x"].astype(number), v)
    # Bounds
    if options["end"] == "rescaled":
        final = final * lr / scalars.get("eta_1", lr or 1.0)
    hidden = number(1e-15 if options["epsilon"] == "squared" else 0)
    lower, upper = final * (1 - 1 / (gamma * t + 1)), final * (1 + 1 / (gamma * t))
    size = number(lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)) / (np.sqrt(v + hidden) + number(epsilon))
    clipped = np.minimum(np.maximum(size, number(lower)), number(upper))
    # Update
    return {**after, "theta": decayed(options, number, scalars, theta) - clipped * m}
