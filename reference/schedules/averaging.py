"""The schedule of weight averaging in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, pi


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """From one learning rate to another, and no further."""
    lr, last = settings["lr"], settings["swa_lr"]
    if t >= settings["anneal_epochs"]:
        return last
    done = t / settings["anneal_epochs"]
    share = (1.0 - cos(pi * done)) / 2.0 if options["anneal"] == "cos" else done
    return lr + (last - lr) * share
