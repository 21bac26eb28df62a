"""A faulty optimizer or scheduler: the source of a class, what it claims, and what names the mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.ledger import OPTIMIZERS
from spec.mutants.mutant import Mutant


@dataclass(frozen=True)
class Fault:
    """A faulty class that claims a rule or, in the ``chapter`` of schedulers, a schedule, as the source of a module.

    ``titles`` are those of a cause that names the mistake, ``words`` what its title or diagnosis says of
    it, and ``properties`` those that were made for it: any of the three makes a cause right.
    """

    kind: str
    name: str
    rule: str
    options: Mapping[str, str]
    source: str
    titles: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    mutant: Mutant[Any] | None = field(default=None, compare=False)
    chapter: str = OPTIMIZERS
    switches: frozenset[str] = frozenset()
    """Options that are not claimed: a keyword of the constructor chooses them."""
