"""GreedyLR in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rates(options: Mapping[str, str], settings: Mapping[str, float], metrics: Sequence[float]) -> list[float]:
    """The learning rate before the first metric and after each."""
    lr, threshold, least = settings["lr"], settings["threshold"], options["mode"] == "min"
    first, worst, eps = lr, float("inf" if least else "-inf"), settings["eps"]
    best, good, bad, rest, left, found = worst, 0, 0, 0.0, settings["reset_start"], [lr]
    for metric in metrics:
        if rest > 0:
            rest, good, bad = rest - 1, 0, 0
            found.append(lr)
            continue
        turn = -1.0 if options["share"] == "magnitude" and best < 0 else 1.0
        away = -threshold if least else threshold
        bound = best * (1.0 + away * turn) if options["threshold_mode"] == "rel" else best + away
        improved = metric < bound if least else metric > bound
        best, good, bad = (metric, good + 1, 0) if improved else (best, 0, bad + 1)
        if good > settings["patience"]:
            higher = min(lr / settings["factor"], settings["max_lr"])
            lr = higher if higher - lr > eps else lr
            good, rest, left = 0, settings["warmup"], settings["reset_start"]
        elif bad > settings["patience"]:
            lower = max(lr * settings["factor"], settings["min_lr"])
            lr = lower if lr - lower > eps else lr
            bad, rest, left = 0, settings["cooldown"], left - (lr <= settings["min_lr"])
            if left <= 0:
                lr, best, left = first, worst, settings["reset_start"]
        found.append(lr)
    return found
