"""The power of a run: which formula mutants its own cases tell from the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from conformance.agreement import Sample
from reference.formats import Array, Format
from reference.intervals.enclosure import program
from reference.intervals.exact import exact_step
from spec import rules as book
from spec.mutants import Mutant, mutants
from spec.rule import UpdateRule


@dataclass
class Power:
    """The mutants of each rule judged, and which have been killed so far, and by which cell."""

    mutants: dict[str, tuple[Mutant, ...]] = field(default_factory=dict)
    killed: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self, rule: UpdateRule) -> list[Mutant]:
        """Return the mutants of ``rule`` that are still alive."""
        if rule.label not in self.mutants:
            self.mutants[rule.label] = mutants(rule, book.families()[rule.name])
            self.killed.setdefault(rule.label, {})
        dead = self.killed[rule.label]
        return [mutant for mutant in self.mutants[rule.label] if mutant.name not in dead]

    def add(self, samples: Iterable[Sample], storage: Format, cell: str) -> None:
        """Evaluate every living mutant on samples of a case."""
        with np.errstate(all="ignore"):
            for sample in samples:
                lines = _lines(sample, storage)
                for mutant in self.open(sample.rule):
                    if _outside(mutant, sample, storage, lines):
                        self.killed[sample.rule.label][mutant.name] = cell

    def differs(self, sample: Sample, storage: Format) -> bool:
        """Tell whether a living mutant's result is not the rule's own, whatever its enclosure."""
        with np.errstate(all="ignore"):
            lines: dict[str, Array] = {}
            right = _rounded(sample.rule, sample, storage, lines)
            return any(
                not np.array_equal(value, right[name], equal_nan=True)
                for mutant in self.open(sample.rule)
                for name, value in _wrong(mutant, sample, storage, lines).items()
            )

    def tells(self, sample: Sample, storage: Format) -> bool:
        """Tell whether a sample would kill a living mutant."""
        with np.errstate(all="ignore"):
            lines = _lines(sample, storage)
            return any(_outside(mutant, sample, storage, lines) for mutant in self.open(sample.rule))

    def merge(self, killed: dict[str, dict[str, str]]) -> None:
        """Add what another process killed."""
        for label, names in killed.items():
            self.killed.setdefault(label, {})
            for name, cell in names.items():
                self.killed[label].setdefault(name, cell)


def _outside(mutant: Mutant, sample: Sample, storage: Format, lines: Mapping[str, Array]) -> bool:
    """Tell whether the mutant's correctly rounded result leaves some enclosure."""
    wrong = _wrong(mutant, sample, storage, lines)
    for name, legal in sample.legal.items():
        result: Array = np.broadcast_to(wrong[name], legal.lo.shape).astype(legal.lo.dtype)
        if not legal.contains(result).all():
            return True
    return False


def _lines(sample: Sample, storage: Format) -> dict[str, Array]:
    """Return every line of the rule's own step on a sample, which its mutants share up to their change."""
    lines: dict[str, Array] = {}
    _rounded(sample.rule, sample, storage, lines)
    return lines


def _wrong(mutant: Mutant, sample: Sample, storage: Format, lines: Mapping[str, Array]) -> dict[str, Array]:
    """Return each quantity after a step of a mutant of the sample's rule."""
    shared = {name: value for name, value in lines.items() if name in mutant.unchanged}
    return _rounded(mutant.rule, sample, storage, shared)


def _rounded(rule: UpdateRule, sample: Sample, storage: Format, lines: dict[str, Array]) -> dict[str, Array]:
    """Return each quantity after a step of ``rule``, correctly rounded to the format that it is kept in."""
    compiled = program(rule, frozenset())
    exact = exact_step(compiled, storage, sample.scalars, sample.before, sample.formats, lines)
    rounded = {}
    for name, value in exact.items():
        kept = sample.formats.get(name, storage)
        rounded[name] = kept.nearest(np.asarray(value).astype(kept.work))
    return rounded
