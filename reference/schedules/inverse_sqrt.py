"""The schedule of the Transformer in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Linear warm-up, then one over the root of the step."""
    lr, warmup = settings["lr"], settings["warmup"]
    n = t if options["first"] == "zero" else t + 1
    if options["scale"] == "width":
        return lr / sqrt(settings["d_model"]) * (n / sqrt(warmup) ** 3 if n < warmup else 1.0 / sqrt(n))
    return lr * (n / warmup if n < warmup else sqrt(warmup / n))
