"""The rule from outside the tree in NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the parameter and the moment after a step."""
    number = compute_format(storage).dtype.type
    theta, m = (before[name].astype(number) for name in ("theta", "m"))
    beta1 = scalars["beta1"]
    m = number(beta1) * m + number(1 - beta1) * used_gradient(options, number, scalars, before)
    return {"theta": theta - number(scalars["eta"]) * np.sign(m) * np.sqrt(np.abs(m)), "m": m}
