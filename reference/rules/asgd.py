"""Averaged gradient descent in NumPy, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

from reference.common_steps import used_gradient
from reference.formats import Array, Format
from reference.profile import compute_format


def step(
    options: Mapping[str, str], storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Bottou (2012), section 5.3, with the options of spec/rules/asgd.py."""
    number = compute_format(storage).dtype.type
    theta, average = (before[name].astype(number) for name in ("theta", "a"))
    lr, decay, power, start, t = (scalars[name] for name in ("eta", "kappa", "alpha", "t0", "t"))

    gradient = used_gradient(options, number, scalars, before)
    learning_rate = lr / (1 + decay * lr * (t - 1)) ** power
    theta = theta * number(1 - decay * learning_rate) - number(learning_rate) * gradient
    steps = t - 1 - start
    if steps <= 1:
        return {"theta": theta, "a": theta}
    weight = 1 / steps
    return {"theta": theta, "a": number(1 - weight) * average + number(weight) * theta}
