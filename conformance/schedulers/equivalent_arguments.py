"""Arguments that say the same in another way: a length as a product, a mode as a function."""

from __future__ import annotations

from typing import Any

EPOCHS, SCALE = "epochs", "scale_fn"
LONG_ENOUGH = 512
"""Values of a function that is given as a table."""


def in_epochs(keywords: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return torch's arguments with total_steps as epochs of several steps, and no tables."""
    total = keywords.pop("total_steps")
    epochs = next((count for count in (3, 2) if total % count == 0 and total > count), 1)
    return {**keywords, "epochs": epochs, "steps_per_epoch": total // epochs}, {}


def as_function(keywords: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return torch's arguments with scale_fn instead of a mode, and the table of that function.

    A function of cycles counts them from 1.
    """
    mode, gamma = keywords.pop("mode"), keywords.pop("gamma", 1.0)
    per_step = mode == "exp_range"
    ratio = {"triangular": 1.0, "triangular2": 0.5, "exp_range": gamma}[mode]
    first = 0 if per_step else 1
    table = [ratio ** max(0, place - first) for place in range(LONG_ENOUGH)]
    return {**keywords, "scale_mode": "iterations" if per_step else "cycle"}, {"scale_fn": [table]}


WAYS = {EPOCHS: in_epochs, SCALE: as_function}
"""The ways in which arguments are given otherwise, by the name that a catalogue entry gives."""
