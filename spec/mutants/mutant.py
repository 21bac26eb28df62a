"""What every formula mutant is: a formula with one thing wrong, and whether that makes a difference."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from spec.family import Family, Formula
from spec.proofs import BeyondLimitError


@dataclass(frozen=True, eq=False)
class Mutant(ABC, Generic[Formula]):
    """A wrong formula: what is wrong in it, the wrong line as it reads, and the formula it was made from."""

    name: str
    line: str
    wrong: Formula
    original: Formula
    of_option: bool = field(default=False, kw_only=True)
    """Whether it is the same formula with one option chosen otherwise."""

    @functools.cached_property
    def unchanged(self) -> frozenset[str]:
        """The lines, by symbol, that are computed as in the original from what is so too."""
        return frozenset()

    @functools.cached_property
    def equivalent(self) -> bool:
        """Tell whether SymPy proves it equal; what is beyond the limit of size is not proven."""
        try:
            return self._equal()
        except BeyondLimitError:
            return False

    @abstractmethod
    def _equal(self) -> bool:
        """Tell whether the two are proven equal; raises ``BeyondLimitError``."""


Kind = TypeVar("Kind", bound=Mutant[Any])


def distinct(found: Iterable[Kind]) -> tuple[Kind, ...]:
    """Return the mutants, those that read the same taken once."""
    known: dict[str, Kind] = {}
    for mutant in found:
        known.setdefault(mutant.line, mutant)
    return tuple(known.values())


def other_options(options: Mapping[str, str], family: Family[Formula]) -> Iterator[tuple[str, Formula]]:
    """Yield the formulas with one option chosen otherwise, each with its ``name=value``."""
    for option in family.options:
        for value in option.values:
            if value != options.get(option.name, option.default):
                yield f"{option.name}={value}", family.build(**{**options, option.name: value})
