"""Muon in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.formats import BFLOAT16, Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Jordan et al. (2024), with the options of spec/rules/muon.py, for one matrix."""
    number = compute_format(storage).dtype.type
    theta, gradient, buffer = (before[name].astype(number) for name in ("theta", "g", "B"))
    lr, momentum = scalars["eta"], scalars["mu"]

    buffer = number(momentum) * buffer + number(1 - momentum) * gradient
    ahead = buffer
    if options["nesterov"] == "yes":
        ahead = number(1 - momentum) * gradient + number(momentum) * buffer
    iterations = BFLOAT16 if options["precision"] == "bfloat16" else compute_format(storage)
    added = options["epsilon"] == "added"
    direction = orthogonalized(ahead, scalars, int(options["iterations"]), iterations, added=added)
    rows, columns = theta.shape
    scale = max(1, rows / columns) ** 0.5 if options["scale"] == "rows" else 0.2 * max(rows, columns) ** 0.5
    if added:
        direction, scale = (direction.dtype.type(scale) * direction).astype(iterations.dtype), 1.0
    direction = direction.astype(number)
    decayed = theta * number(1 - lr * scalars["lambda"])
    return {"theta": decayed - number(lr * scale) * direction, "B": buffer}


def orthogonalized(
    matrix: Array, scalars: Mapping[str, float], iterations: int, kept_in: Format, *, added: bool
) -> Array:
    """Return the matrix with its singular values moved towards one, computed in ``kept_in``."""
    compute = compute_format(kept_in).dtype.type

    def kept(value: Array) -> Array:
        return kept_in.stored(value).astype(compute)

    a, b, c = (compute(scalars[name]) for name in ("a", "b", "c"))
    x = kept(matrix)
    turned = x.shape[0] > x.shape[1]
    x = x.T if turned else x
    norm, epsilon = kept(np.sqrt(np.sum(x**2))), compute(scalars["epsilon"])
    norm = kept(norm + epsilon if added else np.maximum(norm, epsilon))
    x = kept(x / norm)
    for _ in range(iterations):
        gram = kept(x @ x.T)
        if added:
            inner = kept(kept(b * gram) + kept(kept(c * gram) @ gram))
            x = kept(kept(a * x) + kept(inner @ x))
        else:
            inner = kept(b * gram + c * (gram @ gram))
            x = kept(a * x + inner @ x)
    return x.T if turned else x
