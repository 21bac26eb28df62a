"""Warm-up, a plateau and a decay, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi, sqrt


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Warm-up, plateau and decay."""
    lr, warmup, lowest, shape = settings["lr"], settings["warmup"], settings["eta_min"], options["shape"]
    if t < warmup:
        return lr * t / warmup if options["first"] == "zero" else lowest + (lr - lowest) * t / warmup
    done = (t - warmup - settings["stable"]) / settings["decay"]
    if done < 0:
        return lr
    if done >= 1:
        return lowest
    if shape == "cosine":
        return lowest + (lr - lowest) * (1.0 + cos(pi * done)) / 2.0
    return lowest + (lr - lowest) * (1.0 - (done if shape == "linear" else sqrt(done)))
