"""Linear warm-up into another schedule, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reference.schedules import constant, cosine, cosine_restarts, exponential, linear, polynomial

MAIN = {
    "cosine": (cosine.learning_rate, {"after": "hold", "end": "T"}, {}),
    "periodic": (cosine.learning_rate, {"after": "periodic", "end": "T"}, {}),
    "constant": (constant.learning_rate, {"kind": "plain"}, {}),
    "polynomial": (polynomial.learning_rate, {"end": "value"}, {}),
    "exponential": (exponential.learning_rate, {"over": "period"}, {}),
    "restarts": (cosine_restarts.learning_rate, {"cycles": "equal"}, {}),
    "linear": (linear.learning_rate, {}, {"start_factor": 1.0, "end_factor": 0.0}),
}
"""What may follow: a schedule with its options, and settings that are always the same."""


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """Linear warm-up into another schedule."""
    lr, warmup = settings["lr"], settings["warmup"]
    if t < warmup:
        return lr * (t if options["first"] == "zero" else t + 1) / warmup
    later = t - {"restart": warmup, "peak": warmup - 1, "shared": 0}[options["clock"]]
    schedule, chosen, fixed = MAIN[options["into"]]
    return schedule(chosen, {**settings, **fixed}, given, later)
