"""Steers cases at survivors: of many drawn, those run that tell a living mutant from the rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from conformance import agreement
from conformance.cases import Case
from conformance.exploration import Exploration, explore
from conformance.power import Power
from conformance.subject import WorkerSubject, prepare
from reference.formats import Format

DRAWN = 150
"""Cases drawn for the survivors of one variant; enclosing them costs milliseconds and no step."""


@dataclass(frozen=True)
class Steering:
    """Draws cases for the mutants that a run has not killed so far.

    Whether one is proven equivalent is not asked: no case tells it, and the proof may take minutes.
    """

    power: Power

    def explore(
        self, subject: WorkerSubject, strategy: SearchStrategy[Case], seed: int, body: Callable[[Case], None]
    ) -> Exploration:
        """Run ``body`` on those drawn cases that tell a living mutant of the subject's rules."""
        formats: list[Mapping[str, Format]] = []

        def chosen(case: Case) -> None:
            rule = subject.rules[case.switches]
            if not self.power.open(rule):
                return
            prepared = prepare(case, rule, subject.storage)
            if not formats:
                formats.append(subject.run(case, prepared).state_formats)
            samples = agreement.samples(
                case, prepared, subject, formats[0], lambda s: self.power.differs(s, subject.storage)
            )
            if any(self.power.tells(sample, subject.storage) for sample in samples):
                body(case)

        if any(self.power.open(rule) for rule in subject.rules.values()):
            return explore(strategy, DRAWN, seed, chosen)
        return Exploration()
