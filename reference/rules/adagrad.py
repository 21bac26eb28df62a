"""Adagrad in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Duchi, Hazan and Singer (2011), equation 1, with the options of spec/rules/adagrad.py."""
    number = compute_format(storage).dtype.type
    theta, total = (before[name].astype(number) for name in ("theta", "s"))
    lr, lr_decay, epsilon, t = (scalars[name] for name in ("eta", "rho", "epsilon", "t"))

    gradient = used_gradient(options, number, scalars, before)
    total = total + gradient**2
    denominator = (
        np.sqrt(total) + number(epsilon) if options["epsilon"] == "outside" else np.sqrt(total + number(epsilon))
    )
    learning_rate = number(lr / (1 + (t - 1) * lr_decay))
    moved = theta - learning_rate * gradient / denominator
    if options["epsilon"] == "guarded":
        moved = np.where(total > 0, moved, theta)
    return {"theta": moved, "s": total}
