"""A hypothesis: what an implementation may compute instead of what it claims."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import WorkerSubject
from reference.profile import UNITS, Profile
from spec.rule import UpdateRule

Switches = tuple[str, ...]
ROOM = 8.0
"""Units in the last place by which each operation of a supposed formula may be off: no verdict depends on it."""


class Sort(enum.IntEnum):
    """What sort of mistake it is, in the order in which people would rather believe it."""

    OPTION = 0
    LINE = 1
    RULE = 2
    PROFILE = 3
    VALUE = 4
    TWO = 5


@dataclass(frozen=True)
class Reading:
    """A case as an implementation may have read it: other settings, or other counts."""

    settings: Callable[[Case], Case] = lambda case: case
    prepared: Callable[[tuple[Prepared, ...]], tuple[Prepared, ...]] = lambda prepared: prepared


AS_GIVEN = Reading()


@dataclass(frozen=True)
class Hypothesis:
    """Another formula, another arithmetic, or another reading of the case.

    ``title`` says in a few words what the code does; ``formula`` what the line reads instead, where
    there is one.  ``rules`` are the rules by switches that take the place of the claimed ones.
    """

    title: str
    sort: Sort
    formula: str = ""
    rules: Mapping[Switches, UpdateRule] = field(default_factory=dict)
    profile: Profile | None = None
    reading: Reading = AS_GIVEN
    lines: frozenset[str] = frozenset()
    """The lines of the program, by name, that it changes."""
    edits: tuple[tuple[str, str], ...] = ()
    """What a class that is written from the formula would read, and what this one reads instead."""
    counts_otherwise: bool = False
    """Whether the step count itself is another, and not a number beside it."""

    def begins(self, subject: WorkerSubject) -> bool:
        """Tell whether it has states that the claim has not, of which only runs from the start say what they are."""
        return any(
            {state.symbol for state in rule.states} - {state.symbol for state in subject.rules[key].states}
            for key, rule in self.rules.items()
            if key in subject.rules
        )

    def of(self, subject: WorkerSubject) -> WorkerSubject:
        """Return the subject as it would be if the hypothesis were its claim.

        A wrong formula may be computed in any order: its operations may be off by ``ROOM`` units.
        """
        rules = {**subject.rules, **self.rules}
        profile = self.profile or dataclasses.replace(subject.profile, units=dict.fromkeys(UNITS, ROOM))
        return dataclasses.replace(subject, rules=rules).with_profile(profile)
