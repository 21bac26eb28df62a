"""Targets cases at surviving mutants: of many drawn, those run that tell a living one, and such as are climbed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hypothesis.strategies import SearchStrategy

from conformance.engine.exploration import Exploration
from conformance.engine.power import Power
from conformance.optimizers import agreement, mutants
from conformance.optimizers.agreement import Sample
from conformance.optimizers.cases import Case
from conformance.optimizers.climbing import Climb
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.subject import WorkerSubject
from impls.session import Deferred
from reference.formats import FLOAT64, Format

CLIMBED = 4
"""The most survivors of one variant that are climbed to."""
DRAWN = 150
"""Cases drawn for the survivors of one variant; enclosing them costs milliseconds and no step."""


def explore(
    exploration: Exploration,
    subject: WorkerSubject,
    strategy: SearchStrategy[Case],
    seed: int,
    power: Power,
    body: Callable[[Case], None],
) -> None:
    """Run ``body`` on those drawn cases that tell a living mutant of the subject's rules.

    Whether one is proven equivalent is not asked: no case tells it, and the proof may take minutes.
    """
    formats: list[Mapping[str, Format]] = []
    seen: list[tuple[tuple[str, ...], Sample]] = []

    def chosen(case: Case) -> None:
        rule = subject.rules[case.switches]
        if not power.open(rule):
            return
        prepared = prepare(case, rule, subject.storage)
        if not formats:
            formats.append(_formats(subject, case, prepared))
        samples = list(
            agreement.samples(case, prepared, subject, formats[0], lambda s: mutants.differs(power, s, subject.storage))
        )
        seen.extend((case.switches, sample) for sample in samples)
        if any(mutants.tells(power, sample, subject.storage) for sample in samples):
            body(case)

    if any(power.open(rule) for rule in subject.rules.values()):
        exploration.drawn(strategy, DRAWN, seed, chosen)
    if formats:
        exploration.listed(_climbed_to(subject, seen, seed, power, formats), body)


def _climbed_to(
    subject: WorkerSubject,
    seen: list[tuple[tuple[str, ...], Sample]],
    seed: int,
    power: Power,
    formats: list[Mapping[str, Format]],
) -> Iterator[Case]:
    """Yield a case for each mutant that is still alive, if one is come to from the nearest that were drawn.

    A line to which no case was come is not climbed to in other variants.  Where there is one in float64, the format
    lets the mutant live, which is noted where the profile was found.
    """
    missed: set[str] = set()
    for switches, rule in subject.rules.items():
        starts = [sample for chosen, sample in seen if chosen == switches]
        for mutant in power.open(rule)[:CLIMBED]:
            if mutant in power.open(rule):
                climb = Climb(subject, switches, mutant, formats[0])
                case = None if mutant.line in missed else climb.found(starts, seed)
                if case is not None:
                    yield case
                    continue
                missed.add(mutant.line)
                if subject.found is not None and climb.in_float64().found([], seed) is not None:
                    subject.found.spared.setdefault(rule.label, set()).add(mutant.line)


def _formats(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...]) -> Mapping[str, Format]:
    """Return the formats in which the states of a case are kept: the usual ones where that is answered later."""
    try:
        return subject.run(case, prepared).state_formats
    except Deferred:
        return usual_formats(subject, case)


def usual_formats(subject: WorkerSubject, case: Case) -> Mapping[str, Format]:
    """Return the formats in which states are kept where nobody says another: numbers in float64."""
    rule = subject.rules[case.switches]
    shown = subject.keys(rule)
    kept = (state for state in rule.states if state.symbol.name in shown)
    return {state.symbol.name: FLOAT64 if state.scalar else subject.storage for state in kept}
