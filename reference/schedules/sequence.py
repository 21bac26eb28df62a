"""One schedule after the other, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def learning_rate(
    options: Mapping[str, str], settings: Mapping[str, float], given: Mapping[str, Sequence[float]], t: float
) -> float:
    """The first until the milestone, and then the next from its own beginning."""
    milestone = int(settings["milestones"])
    return given["a"][int(t)] if t < milestone else given["b"][int(t) - milestone]
