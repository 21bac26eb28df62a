"""Adan in NumPy, as a person would write it."""

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
    """Xie et al. (2022), Algorithm 1, with the options of spec/rules/adan.py."""
    number = compute_format(storage).dtype.type
    theta, m, d, n, previous = (before[name].astype(number) for name in ("theta", "m", "v", "n", "p"))
    lr, epsilon, betas = scalars["eta"], scalars["epsilon"], [scalars[f"beta{place}"] for place in (1, 2, 3)]
    t, decay = int(scalars["t"]), scalars.get("lambda", 0.0)
    kept, new = betas, [1 - beta for beta in betas]
    if options["betas"] == "new":
        kept, new = new, kept

    # Moments
    gradient = used_gradient(options, number, scalars, before)
    change = np.zeros_like(gradient) if t == 1 else gradient - previous
    ahead = gradient + number(kept[1]) * change
    m = number(kept[0]) * m + number(new[0]) * gradient
    d = number(kept[1]) * d + number(new[1]) * change
    n = number(kept[2]) * n + number(new[2]) * ahead**2
    # Update
    denominator = np.sqrt(n) / number(math.sqrt(1 - kept[2] ** t)) + number(epsilon)
    direction = m / number(1 - kept[0] ** t) + number(kept[1]) * d / number(1 - kept[1] ** t)
    theta = decayed(options, number, scalars, theta) - number(lr) * direction / denominator
    if options["decay"] == "proximal":
        theta = theta / number(1 + lr * decay)
    return {"theta": theta, "m": m, "v": d, "n": n, "p": gradient}
