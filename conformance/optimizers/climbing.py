"""Climbs from a case that hardly tells a formula mutant from its rule to one that does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from conformance.optimizers import agreement, mutants
from conformance.optimizers.agreement import Sample
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import prepare
from conformance.optimizers.strategies import LARGEST_EXACT_COUNT, shape_of
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.tensor_values import REGIMES, expand
from reference.formats import FLOAT64, Format
from reference.intervals.interval import SMALLEST_SCALAR
from reference.undefined import Undefined
from spec.mutants import RuleMutant
from spec.rule import Domain, Hyperparameter, UpdateRule
from spec.symbols import g

MOVES = 600
"""Cases that are looked at on the way to one mutant; enclosing a few elements costs milliseconds and no step."""
PATIENCE = 80
"""Moves after which a climb ends that has come no nearer."""
NOTICED = 2.0**-8
"""So much of an enclosure's width a result must be from the rule's to be near: an equivalent formula, of which the
proof may take minutes, differs by the rounding of the exact step alone."""
OCTAVES = 6.0
"""So many powers of two a move goes at most."""
LENGTHS = (1, 2, 8, 64)


@dataclass(frozen=True)
class Foothold:
    """A step of one tensor: its settings by symbol, its step count, its length and where its elements come from.

    ``numbers`` are states that are one number for the tensor, where they are not drawn as its elements are.
    """

    settings: Mapping[str, float]
    count: int
    length: int
    seed: int
    regime: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def case(self, switches: tuple[str, ...], rule: UpdateRule, storage: Format) -> Case:
        """Return the step as a case."""
        tensor = TensorCase(shape_of(rule, self.length, self.regime), self.count, self.seed, self.regime)
        if self.numbers and self.count:
            values, (gradient,) = expand(tensor, rule, storage, self.settings, 1)
            given = {name: tuple(map(float, value.flat)) for name, value in {**values, g.name: gradient}.items()}
            given |= {name: (number,) for name, number in self.numbers.items()}
            tensor = replace(tensor, values=given)
        return Case(switches, (GroupCase(self.settings, (tensor,)),))


@dataclass(frozen=True)
class Climb:
    """A way to one mutant of a subject's rule, whose states are kept in ``formats``."""

    subject: WorkerSubject
    switches: tuple[str, ...]
    mutant: RuleMutant
    formats: Mapping[str, Format]

    @property
    def rule(self) -> UpdateRule:
        """The rule of which it is a mutant."""
        return self.subject.rules[self.switches]

    def found(self, starts: list[Sample], seed: int) -> Case | None:
        """Return a case that tells the mutant, if one is come upon from the nearest sample or the defaults.

        A move that comes nearer is kept.
        """
        generator, best, stalled = np.random.default_rng(seed), NOTICED, 0
        scalars = {**{h.symbol.name: _usual(h) for h in self.rule.hyperparameters}, **self.subject.fixed, "t": 1.0}
        for sample in starts:
            if (distance := mutants.distance(self.mutant, sample, self.subject.storage)) > best:
                scalars, best = dict(sample.scalars), distance
        settings = {h.symbol.name: scalars[h.symbol.name] for h in self.rule.hyperparameters}
        at = Foothold(settings, int(scalars["t"]) - 1, LENGTHS[-1], 0, REGIMES[0])
        for _ in range(MOVES):
            stalled += 1
            if stalled > PATIENCE:
                break
            moved = self._moved(at, generator)
            case = moved.case(self.switches, self.rule, self.subject.storage)
            with suppress(Undefined):
                for sample in self._samples(case):
                    if mutants.outside(self.mutant, sample, self.subject.storage):
                        return case
                    if (distance := mutants.distance(self.mutant, sample, self.subject.storage)) > best:
                        at, best, stalled = moved, distance, 0
        return None

    def in_float64(self) -> Climb:
        """Return the way to the same mutant where all is kept in float64."""
        subject = replace(self.subject, storage=FLOAT64)
        return replace(self, subject=subject, formats=dict.fromkeys(self.formats, FLOAT64))

    def _samples(self, case: Case) -> Iterator[Sample]:
        prepared = prepare(case, self.rule, self.subject.storage)
        return agreement.samples(case, prepared, self.subject, self.formats, lambda _: True)

    def _moved(self, at: Foothold, generator: np.random.Generator) -> Foothold:
        """Return a step with one or two quantities moved."""
        free = [h for h in self.rule.hyperparameters if h.symbol.name not in self.subject.fixed]
        numbers = [state.symbol.name for state in self.rule.states if state.scalar]
        for _ in range(int(generator.integers(1, 3))):
            which = int(generator.integers(0, len(free) + 3 + bool(numbers)))
            if which < len(free):
                name = free[which].symbol.name
                value = _elsewhere(at.settings[name], free[which].domain, generator)
                at = replace(at, settings={**at.settings, name: value})
            elif which == len(free):
                other = round(at.count * 2.0 ** generator.uniform(-OCTAVES, OCTAVES))
                at = replace(at, count=min((0, 1, other)[generator.integers(0, 3)], LARGEST_EXACT_COUNT - 1))
            elif which == len(free) + 1:
                at = replace(at, length=int(generator.choice(LENGTHS)))
            elif which == len(free) + 3:
                near_one = {name: 1.0 - 2.0 ** -float(generator.integers(1, 24)) for name in numbers}
                at = replace(at, numbers=near_one)
            else:
                seed, regime = int(generator.integers(0, 2**32)), REGIMES[generator.integers(0, 2)]
                at = replace(at, seed=seed, regime=regime)
        return at


def _usual(item: Hyperparameter) -> float:
    """Return the default, or a value in the middle where a subject does not take that as the rule says."""
    domain = item.domain
    if item.default in domain:
        return item.default
    low, high = (end if np.isfinite(end) else sign for end, sign in ((domain.low, -1.0), (domain.high, 1.0)))
    return next(value for value in (0.5 * (low + high), domain.low, domain.high) if value in domain)


def _elsewhere(value: float, domain: Domain, generator: np.random.Generator) -> float:
    """Return a legal value some octaves away, from zero or from the end of a bounded domain; never one too small."""
    factor = 2.0 ** generator.uniform(-OCTAVES, OCTAVES)
    ways = [factor * value if value else 2.0 ** generator.uniform(-20.0, 0.0), 0.0]
    if np.isfinite(domain.high):
        ways.append(domain.high - factor * (domain.high - value))
    chosen = float(generator.choice(ways))
    return chosen if chosen in domain and (not chosen or abs(chosen) >= SMALLEST_SCALAR) else value
