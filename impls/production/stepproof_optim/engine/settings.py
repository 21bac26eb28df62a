"""What a setting may be: its range, and the error for a value beyond it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Range:
    """The finite numbers from `low`, or above it where it is left out, up to `high`, or below it."""

    low: float = -math.inf
    high: float = math.inf
    low_in: bool = True
    high_in: bool = False

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.low_in else value > self.low
        return math.isfinite(value) and above and (value <= self.high if self.high_in else value < self.high)

    def __str__(self) -> str:
        return f"{'[' if self.low_in else '('}{self.low:g}, {self.high:g}{']' if self.high_in else ')'}"


NONNEGATIVE, POSITIVE, NONPOSITIVE = Range(0.0), Range(0.0, low_in=False), Range(high=0.0, high_in=True)
AT_LEAST_ONE, UNIT, CLOSED_UNIT = Range(1.0), Range(0.0, 1.0), Range(0.0, 1.0, high_in=True)
ANY = Range()


@dataclass(frozen=True)
class Setting:
    """A setting of a group: its keyword and its range, or for a tuple of numbers the range of each.

    `absent` tells which of these numbers may be None.
    """

    name: str
    ranges: tuple[Range, ...]
    several: bool = False
    absent: tuple[bool, ...] = ()

    def check(self, value: Any) -> None:
        """Raise a ValueError that names setting, value and range where the value is not legal."""
        if not self.several:
            self._check_number(self.name, value, self.ranges[0])
            return
        if not isinstance(value, (tuple, list)) or len(value) != len(self.ranges):
            raise ValueError(f"{self.name} is {value!r}; give {len(self.ranges)} numbers, {self}")
        for place, (number, legal) in enumerate(zip(value, self.ranges, strict=True)):
            if number is None and self.absent and self.absent[place]:
                continue
            self._check_number(f"{self.name}[{place}]", number, legal)

    def __str__(self) -> str:
        return " and ".join(f"in the range {legal}" for legal in self.ranges)

    @staticmethod
    def _check_number(name: str, value: Any, legal: Range) -> None:
        if isinstance(value, torch.Tensor):
            if value.numel() != 1:
                raise ValueError(f"{name} is a Tensor of {value.numel()} numbers; give one in the range {legal}")
            if value.is_meta:
                return
            value = value.item()
        if not isinstance(value, (int, float)) or value not in legal:
            raise ValueError(f"{name} is {value!r}; give a number in the range {legal}")


def number(name: str, legal: Range) -> Setting:
    """Return a setting that is one number."""
    return Setting(name, (legal,))


def numbers(name: str, *legal: Range, absent: tuple[bool, ...] = ()) -> Setting:
    """Return a setting that is a tuple of numbers."""
    return Setting(name, legal, several=True, absent=absent)


LEARNING_RATE = number("lr", NONNEGATIVE)
BETAS = numbers("betas", UNIT, UNIT)
EPSILON = number("eps", NONNEGATIVE)
WEIGHT_DECAY = number("weight_decay", NONNEGATIVE)
MOMENTUM = number("momentum", UNIT)


def check(settings: Iterable[Setting], group: Mapping[str, Any]) -> None:
    """Raise a ValueError for the first setting of a group that is not legal."""
    for setting in settings:
        setting.check(group[setting.name])


def own(value: Any) -> Any:
    """Return a setting that shares no memory and no list with the one given."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (tuple, list)):
        return type(value)(own(item) for item in value)
    return value


def as_number(value: Any) -> Any:
    """Return a setting with a number in place of each Tensor."""
    if isinstance(value, torch.Tensor):
        return value.item()
    if isinstance(value, (tuple, list)):
        return tuple(as_number(item) for item in value)
    return value


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a constructor that are settings, of all its local names."""
    beside = {"self", "__class__", "params", "optimizer", "last_epoch"}
    return {name: value for name, value in arguments.items() if name not in beside}
