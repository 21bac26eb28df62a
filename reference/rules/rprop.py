"""Rprop without backtracking in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Igel and Huesken (2000), iRprop-, with the options of spec/rules/rprop.py."""
    number = compute_format(storage).dtype.type
    theta, gradient, previous, size = (before[name].astype(number) for name in ("theta", "g", "p", "s"))
    shrink, grow, least, most = (number(scalars[name]) for name in ("eta_minus", "eta_plus", "s_min", "s_max"))

    if options["maximize"] == "yes":
        gradient = -gradient
    product = gradient * previous
    factor = np.where(product > 0, grow, np.where(product < 0, shrink, number(1)))
    size = np.minimum(np.maximum(size * factor, least), most)
    kept = np.where(product < 0, number(0), gradient)
    return {"theta": theta - np.sign(kept) * size, "p": kept, "s": size}
