"""Lion in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import decayed, used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Chen et al. (2023), Algorithm 2, with the options of spec/rules/lion.py."""
    number = compute_format(storage).dtype.type
    theta, m = (before[name].astype(number) for name in ("theta", "m"))
    lr, beta1, beta2 = (scalars[name] for name in ("eta", "beta1", "beta2"))

    gradient = used_gradient(options, number, scalars, before)
    interpolated = number(beta1) * m + number(1 - beta1) * gradient
    m = number(beta2) * m + number(1 - beta2) * gradient
    theta = decayed(options, number, scalars, theta)
    return {"theta": theta - number(lr) * np.sign(interpolated), "m": m}
