"""L-BFGS in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Nocedal (1980), one iteration without line search, with the options of spec/rules/lbfgs.py."""
    number = compute_format(storage).dtype.type
    values = {name: value.astype(number) for name, value in before.items()}
    theta, gradient, moved, scale = (values[name] for name in ("theta", "g", "s", "gamma"))
    count = int(options["pairs"])
    pairs = [tuple(values[f"{name}{index}"] for name in ("Y", "S", "rho")) for index in range(1, count + 1)]

    change = gradient - values["p"]
    curvature = np.sum(change * moved)
    if curvature > (1e-10 if options["curvature"] == "1e-10" else 0.0):
        pairs = [*pairs[1:], (change, moved, np.reshape(1 / curvature, scale.shape))]
        scale = np.reshape(curvature / np.sum(change * change), scale.shape)

    direction = two_loops(pairs, gradient, scale)
    lr = number(scalars["eta"])
    if options["first"] == "damped" and scalars["t"] == 1:
        lr = lr * np.minimum(number(1), 1 / np.sum(np.abs(gradient)))
    if not np.sum(gradient * direction) > 0:
        theta = theta + lr * direction
    after = {"theta": theta, "p": gradient, "s": lr * direction, "gamma": scale}
    for index, kept in enumerate(pairs, start=1):
        after |= {f"{name}{index}": value for name, value in zip(("Y", "S", "rho"), kept, strict=True)}
    return after


def two_loops(pairs: list[tuple[Array, ...]], gradient: Array, scale: Array) -> Array:
    """Return minus the inverse Hessian's approximation times the gradient; the newest pair is the last."""
    direction, weights = -gradient, []
    for change, moved, rho in reversed(pairs):
        weights.append(np.sum(moved * direction) * rho)
        direction = direction - weights[-1] * change
    direction = scale * direction
    for (change, moved, rho), weight in zip(pairs, reversed(weights), strict=True):
        direction = direction + (weight - np.sum(change * direction) * rho) * moved
    return direction
