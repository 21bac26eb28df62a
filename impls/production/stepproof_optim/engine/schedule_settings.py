"""Settings of schedules: numbers of steps, choices, and lists of steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .settings import AT_LEAST_ONE, NONNEGATIVE, POSITIVE, Range, Setting, number


@dataclass(frozen=True)
class Steps(Setting):
    """A whole number of steps."""

    def check(self, value: Any) -> None:
        """Raise a ValueError that names setting, value and range unless it is a whole number in it."""
        super().check(value)
        if isinstance(value, float) and not value.is_integer():
            raise ValueError(f"{self.name} is {value!r}; give a whole number in the range {self.ranges[0]}")


@dataclass(frozen=True)
class Choice(Setting):
    """One of a few words, or of a few values."""

    among: tuple[Any, ...] = field(default=())

    def check(self, value: Any) -> None:
        """Raise a ValueError that names setting, value and choices unless it is one of them."""
        if not any(value is one or (type(value) is type(one) and value == one) for one in self.among):
            raise ValueError(f"{self.name} is {value!r}; give one of {', '.join(map(repr, self.among))}")


@dataclass(frozen=True)
class Milestones(Setting):
    """Steps at which something happens, in any order."""

    def check(self, value: Any) -> None:
        """Raise a TypeError or ValueError that names setting and value unless it lists whole numbers from 0."""
        if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
            raise TypeError(f"{self.name} is {value!r}; give a list of steps")
        for place, step in enumerate(value):
            Steps(f"{self.name}[{place}]", (NONNEGATIVE,)).check(step)


def steps(name: str, legal: Range = AT_LEAST_ONE) -> Setting:
    """Return a setting that is a number of steps, at least one."""
    return Steps(name, (legal,))


def choice(name: str, *among: Any) -> Setting:
    """Return a setting that is one of a few values."""
    return Choice(name, (), among=among)


LOWEST = number("eta_min", NONNEGATIVE)
WARMUP = steps("warmup")
FACTOR = number("gamma", NONNEGATIVE)
POWER = number("power", POSITIVE)
