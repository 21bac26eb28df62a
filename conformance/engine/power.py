"""The power of a run: which formula mutants its own cases tell from the formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Mutants = Callable[[Any], tuple[Any, ...]]
"""Returns the mutants of a formula."""


@dataclass
class Power:
    """The mutants of each formula judged, and which have been killed so far, and by which cell."""

    of: Mutants
    mutants: dict[str, dict[str, Any]] = field(default_factory=dict)
    killed: dict[str, dict[str, str]] = field(default_factory=dict)
    at: Any = None
    """The case that is judged."""
    cases: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The case that killed each mutant, by its formula and its line."""

    def open(self, formula: Any) -> list[Any]:
        """Return the mutants of ``formula`` that are still alive."""
        if formula.label not in self.mutants:
            self.mutants[formula.label] = {mutant.line: mutant for mutant in self.of(formula)}
            self.killed.setdefault(formula.label, {})
        dead = self.killed[formula.label]
        return [mutant for name, mutant in self.mutants[formula.label].items() if name not in dead]

    def kill(self, formula: Any, mutant: Any, cell: str) -> None:
        """Note the cell whose case told a mutant from its formula."""
        self.killed[formula.label][mutant.line] = cell
        self.cases[formula.label, mutant.line] = self.at

    def merge(self, killed: Mapping[str, Mapping[str, str]]) -> None:
        """Add what another process, or an earlier run, killed."""
        for label, names in killed.items():
            mine = self.killed.setdefault(label, {})
            for name, cell in names.items():
                mine.setdefault(name, cell)

    def counts(self) -> dict[str, int]:
        """Return how many mutants of each formula have been killed."""
        return {label: len(names) for label, names in self.killed.items()}

    def withdraw(self, counts: Mapping[str, int]) -> None:
        """Bring to life again what was killed since ``counts`` were taken."""
        for label, names in self.killed.items():
            self.killed[label] = dict(list(names.items())[: counts.get(label, 0)])

    def since(self, counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
        """Return what was killed since ``counts`` were taken; a formula that was opened is there too."""
        return {
            label: dict(list(names.items())[counts.get(label, 0) :])
            for label, names in self.killed.items()
            if label not in counts or len(names) > counts[label]
        }
