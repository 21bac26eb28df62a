"""A constant learning rate in plain Python, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """A factor until ``total_iters``, or none."""
    lr = settings["lr"]
    return lr * settings["factor"] if options["kind"] == "factor" and t < settings["total_iters"] else lr
