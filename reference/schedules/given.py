"""A function of t that the user gives, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The factor of t, or the product of the factors from 1 to t."""
    lr, factors = settings["lr"], given["factors"]
    return lr * factors[int(t)] if options["of"] == "base" else lr * prod(factors[1 : int(t) + 1])
