"""Adadelta in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Zeiler (2012), Algorithm 1, with the options of spec/rules/adadelta.py."""
    number = compute_format(storage).dtype.type
    theta, v, u = (before[name].astype(number) for name in ("theta", "v", "u"))
    lr, rho, epsilon = (scalars[name] for name in ("eta", "rho", "epsilon"))

    gradient = used_gradient(options, number, scalars, before)
    v = number(rho) * v + number(1 - rho) * gradient**2
    change = np.sqrt(u + number(epsilon)) / np.sqrt(v + number(epsilon)) * gradient
    u = number(rho) * u + number(1 - rho) * change**2
    return {"theta": theta - number(lr) * change, "v": v, "u": u}
