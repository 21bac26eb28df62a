"""A family: one formula with all its options, where it is stated and what is claimed of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import sympy as sp

Formula = TypeVar("Formula")
"""An update rule or a schedule, with its options chosen."""


@dataclass(frozen=True)
class Option:
    """A named structural choice; ``values`` maps each value to who uses it, the default first.

    Where it is ``of_states`` its values make the same steps, and differ in what is kept between them.
    """

    name: str
    values: Mapping[str, str]
    of_states: bool = False

    @property
    def default(self) -> str:
        """The first value."""
        return next(iter(self.values))


@dataclass(frozen=True)
class Citation:
    """Where a formula is stated."""

    authors: str
    year: int
    title: str
    reference: str
    equation: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}), {self.title}, {self.reference}, {self.equation}"


Pairs: TypeAlias = tuple[tuple[sp.Expr, sp.Expr], ...]
"""The two sides of each of several equations."""


@dataclass(frozen=True)
class FormulaClaim:
    """A claim about formulas, proven when everything that it lists is shown.

    ``equations`` builds pairs that must be equal, ``differs`` pairs that must not be, and
    ``nonnegative`` what must be at least zero.
    """

    identifier: str
    sentence: str
    source: str
    method: str
    equations: Callable[[], Pairs] = tuple
    differs: Callable[[], Pairs] = tuple
    nonnegative: Callable[[], tuple[sp.Expr, ...]] = tuple


@dataclass(frozen=True, eq=False)
class Family(Generic[Formula]):
    """A formula with all its options: one file of spec/rules or spec/schedules.

    ``build`` takes each option by its name; ``stated`` builds the claims.  ``aliases`` maps a name
    that people use to the options that it means, and ``legal`` tells whether options go together.
    One ``of_first_rate`` has a variant that asks for the first learning rate of a run.
    """

    name: str
    title: str
    citation: Citation
    options: tuple[Option, ...]
    build: Callable[..., Formula]
    stated: Callable[[], tuple[FormulaClaim, ...]]
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    legal: Callable[[Mapping[str, str]], bool] = lambda _: True
    of_first_rate: bool = False

    @functools.cached_property
    def claims(self) -> tuple[FormulaClaim, ...]:
        """What is claimed of the formula, built when it is first asked for."""
        return self.stated()

    def chosen(self, options: Mapping[str, str], name: str = "") -> dict[str, str]:
        """Return every option with its value, the default where none is chosen.

        Raises ``ValueError`` for an unknown option or value, and for options that do not go together;
        ``name`` is what the family was called.
        """
        name = name or self.name
        known = {option.name: option.values for option in self.options}
        for option, value in options.items():
            if option not in known:
                raise ValueError(f"{name} has no option `{option}`; it has: {', '.join(known) or 'none'}")
            if value not in known[option]:
                legal = ", ".join(known[option])
                raise ValueError(f"option `{option}` of {name} cannot be `{value}`; it can be: {legal}")
        if not self.legal(options):
            together = ", ".join(f"{option}={value}" for option, value in options.items())
            raise ValueError(f"{name} has no variant with {together}; change one of them")
        return {option.name: options.get(option.name, option.default) for option in self.options}

    def choices(self) -> tuple[dict[str, str], ...]:
        """Return every choice of options that go together, the defaults first."""
        chosen: list[dict[str, str]] = [{}]
        for option in self.options:
            chosen = [{**known, option.name: value} for known in chosen for value in option.values]
        return tuple(options for options in chosen if self.legal(options))

    def variants(self) -> tuple[Formula, ...]:
        """Return the formula with every choice of options that go together."""
        return self._built

    @functools.cached_property
    def _built(self) -> tuple[Formula, ...]:
        return tuple(self.build(**options) for options in self.choices())
