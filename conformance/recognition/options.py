"""Finds by which keywords of its constructor an unknown optimizer chooses options of a rule."""

from __future__ import annotations

from collections.abc import Mapping

from spec.family import Family
from spec.rule import UpdateRule

SWITCHES = {
    "amsgrad": ("amsgrad", "raw"),
    "centered": ("centered", "yes"),
    "decoupled_weight_decay": ("decay", "decoupled"),
    "maximize": ("maximize", "yes"),
    "nesterov": ("nesterov", "yes"),
}
"""Constructor keywords by which torch and those who follow it choose an option."""
DECAY = "weight_decay"


def decay_of(
    family: Family[UpdateRule], formula: UpdateRule, chosen: Mapping[str, str], parameters: Mapping[str, bool]
) -> dict[str, str]:
    """Return the kind of decay of a class that takes `weight_decay`, where the rule has several."""
    kinds = next((list(option.values) for option in family.options if option.name == "decay"), [])
    has_one = any(h.keyword == DECAY for h in formula.hyperparameters)
    if DECAY not in parameters or "decay" in chosen or has_one or not kinds:
        return {}
    return {"decay": next(kind for kind in ("coupled", *kinds) if kind in kinds and kind != "none")}
