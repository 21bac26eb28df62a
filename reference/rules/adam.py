"""Adam, AdamW and AMSGrad in NumPy, as a person would write them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Kingma and Ba (2015), Algorithm 1, with the options of spec/rules/adam.py.

    Half formats are computed in float32; scalars in Python's double, then cast.
    """
    number = compute_format(storage).dtype.type
    theta, gradient, m, v = (before[name].astype(number) for name in ("theta", "g", "m", "v"))
    lr, beta1, beta2, epsilon = (scalars[name] for name in ("eta", "beta1", "beta2", "epsilon"))
    decay, t = scalars.get("lambda", 0.0), int(scalars["t"])

    # Gradient
    if options["maximize"] == "yes":
        gradient = -gradient
    if options["decay"] == "coupled":
        gradient = gradient + number(decay) * theta
    # Moments
    weight1, weight2 = 1 - beta1, 1 - beta2
    correction1, correction2 = 1 - beta1**t, 1 - beta2**t
    if options["averages"] == "corrected":
        weight1, weight2 = weight1 / correction1, weight2 / correction2
        correction1 = correction2 = 1.0
        beta1, beta2 = 1 - weight1, 1 - weight2
    m = number(beta1) * m + number(weight1) * gradient
    v = number(beta2) * v + number(weight2) * gradient**2
    after = {"m": m, "v": v}
    # Bias correction
    root_of_correction = number(math.sqrt(correction2))
    correction1, correction2 = number(correction1), number(correction2)
    second, corrected = v, v / correction2
    if options["amsgrad"] == "raw":
        second = after["x"] = np.maximum(before["x"].astype(number), v)
        corrected = second / correction2
    elif options["amsgrad"] == "corrected":
        second = corrected = after["x"] = np.maximum(before["x"].astype(number), corrected)
    denominator = {
        "outside": lambda: np.sqrt(corrected) + number(epsilon),
        "before_correction": lambda: (np.sqrt(second) + number(epsilon)) / root_of_correction,
        "inside": lambda: np.sqrt(corrected + number(epsilon)),
        "floor": lambda: np.maximum(np.sqrt(corrected), number(epsilon)),
    }[options["epsilon"]]()
    # Update
    if options["decay"] == "decoupled":
        theta = theta * number(1 - lr * decay)
    after["theta"] = theta - number(lr) * (m / correction1) / denominator
    return after
