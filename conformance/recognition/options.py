"""Finds by which keywords of its constructor an unknown optimizer chooses options of a rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

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


def kept_otherwise(
    family: Family[UpdateRule],
    chosen: Mapping[str, str],
    named: Collection[str],
    switches: Mapping[str, tuple[str, str]],
) -> Iterator[Mapping[str, str]]:
    """Yield the options with something else kept between the same steps, as far as they go with every switch.

    What is ``named`` stays.
    """
    for option in family.options:
        for value in option.values if option.of_states and option.name not in named else ():
            other = {**chosen, option.name: value}
            ways = (other, *({**other, **dict([switched])} for switched in switches.values()))
            if value != chosen.get(option.name, option.default) and all(map(family.legal, ways)):
                yield other


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
