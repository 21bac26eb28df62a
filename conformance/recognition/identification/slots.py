"""The places for numbers in a constructor, and the numbers that trial steps give them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.recognition.constructor import ASKED_ELSEWHERE

TINY, SMALL = 1e-5, 0.3
"""Defaults up to the first guard a division; from the second on and below 1 they are weights of averages."""
RATES = (0.53, 0.29, 0.23, 0.19, 0.127, 0.113, 0.103)
WEIGHTS = (0.63, 0.83, 0.71, 0.77, 0.67, 0.59)
GUARDS = (0.013, 0.021, 0.034, 0.0055)
SWITCHED_ON = (0.17, 0.137, 0.11, 0.147, 0.157)
"""What a setting is given that is 0 by default: decay, momentum, dampening."""


@dataclass(frozen=True)
class Slot:
    """A place for one number: a constructor's keyword, and the place in it where it takes several.

    ``default`` is None where the number must be given, and ``value`` is what a trial gives.
    ``whole`` marks a count, which keeps its default; a slot that is ``unset`` has None for its 0.
    """

    name: str
    place: int | None
    default: float | None
    value: float
    whole: bool = False
    unset: bool = False

    @property
    def label(self) -> str:
        """The keyword as the rules write it: ``betas[0]``."""
        return self.name if self.place is None else f"{self.name}[{self.place}]"

    @property
    def sort(self) -> str:
        """What a number with this default is used for, roughly."""
        return sort_of(self.default)

    def at_default(self) -> Slot:
        """Return the slot with its default for a value."""
        return self if self.default is None else dataclasses.replace(self, value=self.default)


def sort_of(number: float | None) -> str:
    """Return what a number is likely for: nothing, to guard a division, a rate, a weight, or more than 1."""
    if number is None:
        return "rate"
    size = abs(number)
    if size == 0:
        return "nothing"
    if size <= TINY:
        return "guard"
    return "rate" if size < SMALL else "weight" if size < 1 else "large"


@dataclass(frozen=True)
class Constructor:
    """What a constructor can be given: slots for numbers, switches, and what has no default number."""

    slots: tuple[Slot, ...]
    switches: Mapping[str, bool]
    unset: tuple[str, ...]

    def without(self, names: Collection[str]) -> Constructor:
        """Return what is left to be given beside the keywords called ``names``."""
        return Constructor(
            tuple(slot for slot in self.slots if slot.name not in names),
            {name: value for name, value in self.switches.items() if name not in names},
            tuple(name for name in self.unset if name not in names),
        )


def constructor_of(
    signature: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any], *, function: bool
) -> Constructor:
    """Read a signature; ``defaults`` are those of the param group, for what stands in it alone.

    The first parameter of a class is its parameters, a ``function`` has none such.
    """
    named = [item for item in signature if not item["kind"].startswith("var_")][0 if function else 1 :]
    values: dict[str, Any] = {item["name"]: item.get("default", ...) for item in named}
    if any(item["kind"] == "var_keyword" for item in signature):
        values |= {name: value for name, value in defaults.items() if name not in values}
    numbers = {name: _numbers(value) for name, value in values.items()}
    return Constructor(
        _slots({name: found for name, found in numbers.items() if found}),
        {name: value for name, value in values.items() if isinstance(value, bool)},
        tuple(name for name, value in values.items() if value is None and name not in ASKED_ELSEWHERE),
    )


def _numbers(value: Any) -> tuple[Any, ...]:
    """Return the numbers that a default holds, ``...`` for one that must be given; none for anything else."""
    if value is ... or _is_number(value):
        return (value,)
    if isinstance(value, list | tuple) and value and all(item is None or _is_number(item) for item in value):
        return (*value, "several")
    return ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _slots(numbers: Mapping[str, tuple[Any, ...]]) -> tuple[Slot, ...]:
    """Return the slots, each with a number of its own that is likely to be legal and to matter."""
    given = {sort: iter(values) for sort, values in _GIVEN.items()}
    found = []
    for name, values in numbers.items():
        several = values[-1] == "several"
        members = values[:-1] if several else values
        keeps = several and any(item is not None and item < 0 for item in members)
        for place, item in enumerate(members):
            default = None if item is ... else 0.0 if item is None else float(item)
            whole = isinstance(item, int) and item > 1
            kept = whole or keeps
            value = float(default or 0.0) if kept else _value(default, given)
            found.append(Slot(name, place if several else None, default, value, whole))
    return tuple(found)


_GIVEN: Mapping[str, tuple[float, ...]] = {"nothing": SWITCHED_ON, "guard": GUARDS, "rate": RATES, "weight": WEIGHTS}


def _value(default: float | None, given: Mapping[str, Iterable[float]]) -> float:
    """Return the next number for a default of this sort, one near it where there is none left."""
    sort = sort_of(default)
    if default is not None and default < 0:
        return 0.9 * default
    if sort == "large":
        return 1.19 * (default or 0.0)
    return next(iter(given[sort]), 0.9 * (default or 0.0))


def settings(slots: Iterable[Slot]) -> dict[str, Any]:
    """Return the keywords that give every slot its value."""
    found: dict[str, Any] = {}
    for slot in slots:
        if slot.unset and slot.value == 0:
            continue
        value = int(slot.value) if slot.whole else slot.value
        if slot.place is None:
            found[slot.name] = value
        else:
            found.setdefault(slot.name, []).append(value)
    return found
