"""SparseAdam in NumPy, for the rows that have a gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Adam's step with epsilon beside the root of the second moment itself."""
    number = compute_format(storage).dtype.type
    theta, m, v = (before[name].astype(number) for name in ("theta", "m", "v"))
    lr, beta1, beta2, t = scalars["eta"], scalars["beta1"], scalars["beta2"], int(scalars["t"])
    gradient = used_gradient(options, number, scalars, before)

    m = number(beta1) * m + number(1 - beta1) * gradient
    v = number(beta2) * v + number(1 - beta2) * gradient**2
    step_size = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    theta = theta - number(step_size) * m / (np.sqrt(v) + number(scalars["epsilon"]))
    return {"theta": theta, "m": m, "v": v}
