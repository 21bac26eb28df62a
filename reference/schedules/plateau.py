"""Decay on a plateau, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rates(options: Mapping[str, str], settings: Mapping[str, float], metrics: Sequence[float]) -> list[float]:
    """The learning rate before the first metric and after each."""
    lr, threshold, least = settings["lr"], settings["threshold"], options["mode"] == "min"
    best, bad, rest, found = float("inf" if least else "-inf"), 0, 0.0, [lr]
    for metric in metrics:
        turn = -1.0 if options["share"] == "magnitude" and best < 0 else 1.0
        away = -threshold if least else threshold
        bound = best * (1.0 + away * turn) if options["threshold_mode"] == "rel" else best + away
        improved = metric < bound if least else metric > bound
        best, bad = (metric, 0) if improved else (best, bad + 1)
        if rest > 0:
            rest, bad = rest - 1, 0
        if bad > settings["patience"]:
            lower = max(lr * settings["factor"], settings["min_lr"])
            lr = lower if lr - lower > settings["eps"] else lr
            rest, bad = settings["cooldown"], 0
        found.append(lr)
    return found
