"""Finds by which keywords of its constructor an unknown optimizer chooses options of a rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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


def kinds_of_decay(
    family: Family[UpdateRule], chosen: Mapping[str, str], *, takes: bool
) -> tuple[Mapping[str, str], ...]:
    """Return the kinds of decay that a class may have that ``takes`` one, where nobody says which."""
    kinds = next((list(option.values) for option in family.options if option.name == "decay"), [])
    if not takes or "decay" in chosen or "none" not in kinds:
        return ({},)
    usual = [kind for kind in ("coupled", *kinds) if kind in kinds and kind != "none"]
    return tuple({"decay": kind} for kind in dict.fromkeys(usual))


def switches_of(
    family: Family[UpdateRule], offered: Collection[str], options: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return the keywords by which options are chosen that nobody has chosen."""
    known = {(option.name, value) for option in family.options for value in option.values}
    return {
        name: option
        for name, option in SWITCHES.items()
        if name in offered and option in known and option[0] not in options
    }
