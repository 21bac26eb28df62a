"""Adafactor in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Shazeer and Stern (2018), Algorithm 4, with the options of spec/rules/adafactor.py, for one tensor."""
    number = compute_format(storage).dtype.type
    theta = before["theta"].astype(number)
    lr, t = scalars["eta"], int(scalars["t"])
    epsilon1, epsilon2 = scalars["epsilon1"], number(scalars["epsilon2"])
    weight = t ** scalars["gamma"]
    gradient = used_gradient(options, number, scalars, before)
    added = options["epsilon"] == "added"

    # Second moment
    square = gradient**2 + number(epsilon1) if added else gradient**2
    after = {}
    if options["factored"] == "yes":
        rows, columns = (before[name].astype(number) for name in ("R", "C"))
        rows = number(1 - weight) * rows + number(weight) * square.mean(axis=-1, keepdims=True)
        columns = number(1 - weight) * columns + number(weight) * square.mean(axis=-2, keepdims=True)
        after = {"R": rows, "C": columns}
        mean = rows.mean()
        second = rows * columns / (mean if added else np.maximum(mean, number(epsilon1)))
    else:
        second = number(1 - weight) * before["V"].astype(number) + number(weight) * square
        after = {"V": second}
    if not added:
        second = np.maximum(second, number(epsilon1**2))
    # Update
    direction = gradient / np.sqrt(second)
    clipping = np.maximum(number(1), np.sqrt(np.mean(direction**2)) / number(scalars["d"]))
    relative = {"capped": min(lr, 1 / np.sqrt(t)), "warm-up": min(1e-6 * t, 1 / np.sqrt(t)), "given": lr}
    step_size = number(relative[options["step"]])
    if options["scale"] == "parameter":
        step_size = np.maximum(epsilon2, np.sqrt(np.mean(theta**2))) * step_size
    update = step_size * direction / clipping
    if options["moment"] == "beta1":
        beta1 = scalars["beta1"]
        update = number(beta1) * before["m"].astype(number) + number(1 - beta1) * update
        after["m"] = update
    decay = scalars["lambda"]
    shrunk = theta * number(1 - lr * decay) if options["decay"] == "lr" else theta - decay * step_size * theta
    return {**after, "theta": shrunk - update}
