"""Which hypotheses hold every result of a subject, on cases that tell them apart."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.diagnosis.alternatives import candidates, finest, pairs
from conformance.diagnosis.directed_cases import directed
from conformance.diagnosis.hypothesis import ROOM, Hypothesis, Sort
from conformance.diagnosis.kept_states import of_states
from conformance.diagnosis.recordings import Recording, record, recorded
from conformance.diagnosis.regimes import regime, switched, told
from conformance.engine.evidence import Tally
from conformance.optimizers.cases import Case
from conformance.optimizers.subject import WorkerSubject
from reference.profile import UNITS, Profile

RANKED_ON = 3
"""Failing runs of one step on which hypotheses that do not explain everything are ranked; of courses one will do."""
ROUNDED = "as if numbers in float32 were rounded otherwise, by a few units in the last place"
"""What is said where the claimed formula holds everything with some room for its roundings."""
LEAST_DECIDED = 0.25
"""A hypothesis whose enclosures decide less of what the claim's do explains nothing."""


@dataclass(frozen=True)
class Diagnosis:
    """What explains a subject's results: the likeliest hypothesis, and others that do too.

    ``tried`` counts hypotheses, ``runs`` those of the subject, and ``failing`` the runs that its claim
    does not explain.
    """

    best: Hypothesis | None
    rivals: tuple[Hypothesis, ...]
    tried: int
    runs: int
    failing: int
    regimes: tuple[str, ...] = ()
    """Where values are wrong, and by which factor, if nothing explains them."""
    failures: tuple[Recording, ...] = ()
    """The runs that the claim does not explain, the shortest first."""


def diagnose(subject: WorkerSubject, first: Iterable[Case]) -> Diagnosis:
    """Return what a subject computes instead of its claim; ``first`` are cases that are known to fail."""
    recordings = record(subject, first)
    claim = _claim_of(subject)
    claimed = [(run, run.judged(subject, claim)) for run in recordings]
    failing = [run for run, tally in claimed if tally is not None and tally.outside]
    others = [run for run, tally in claimed if tally is not None and not tally.outside]
    single = candidates(subject)
    if not failing:
        return Diagnosis(None, (), len(single), len(recordings), 0)
    failing.sort(key=lambda run: (run.case.steps, len(run.prepared)))  # what is judged in the shortest time
    ordered = [*failing, *others]
    holding = _rounded_otherwise(single, subject, ordered, len(failing))
    if holding is None:
        holding = [item for item in single if _holds(item, subject, ordered, len(failing))]
    tried = len(single)
    if not holding:
        kept = list(of_states(subject, failing))
        tried += len(kept)
        holding = [item for item in kept if _holds(item, subject, ordered, len(failing))]
    if not holding:
        ranked = _ranked(claim, single, subject, failing[: RANKED_ON if failing[0].case.steps == 1 else 1])
        doubles = list(pairs(ranked))
        tried += len(doubles)
        holding = [item for item in doubles if _holds(item, subject, ordered, len(failing))]
    holding = _told_from_rounding(finest(holding, subject), subject, ordered, len(failing))
    best, *rivals = sorted(holding, key=lambda item: (item.begins(subject), item.sort)) or (None,)
    regimes: tuple[str, ...] = ()
    if best is None or _loosens(best):
        elements = regime(subject, (*ordered, *recorded(subject, directed(subject, failing))))
        if best is None or switched(elements):  # looser arithmetic would hold it, and would be wrong elsewhere, too
            best, rivals, regimes = None, [], told(elements)
    return Diagnosis(best, tuple(rivals), tried, len(recordings), len(failing), regimes, tuple(failing))


def _rounded_otherwise(
    hypotheses: Sequence[Hypothesis], subject: WorkerSubject, runs: Sequence[Recording], failing: int
) -> list[Hypothesis] | None:
    """Return the hypotheses of other arithmetic that hold if the claim does that is rounded otherwise; None if not.

    Where numbers are kept in float32 every other formula may hold then, none of which would be told of rounding: one
    is enough.
    """
    exact = subject.with_profile(_exact(subject.profile))
    if not _kept_in_float32(subject) or not _holds(_rounded(exact.profile), exact, runs, failing):
        return None
    arithmetic = [item for item in hypotheses if item.sort is Sort.PROFILE and _holds(item, subject, runs, failing)]
    others = (item for item in hypotheses if item.sort is not Sort.PROFILE and _holds(item, subject, runs, failing))
    return arithmetic or [*itertools.islice(others, 1)]


def _told_from_rounding(
    holding: list[Hypothesis], subject: WorkerSubject, runs: Sequence[Recording], failing: int
) -> list[Hypothesis]:
    """Return the hypotheses that hold without scalars in float32 too, where any does.

    Where numbers are kept in float32 the room that a wrong formula has is of float32.  If the claim itself holds with
    as much, other formulas and readings that do say nothing.
    """
    if not holding or not _kept_in_float32(subject):
        return holding
    exact = _exact(subject.profile)
    for profile in (exact, subject.profile) if exact != subject.profile else (exact,):
        judged, rounded = subject.with_profile(profile), _rounded(profile)
        held = [item for item in holding if _holds(item, judged, runs, failing)]
        if held:
            otherwise = _holds(rounded, judged, runs, failing)
            return [*(item for item in held if item.profile is not None), rounded] if otherwise else held
    return holding


def _kept_in_float32(subject: WorkerSubject) -> bool:
    """Tell whether numbers may be kept in float32: a state that is one, or scalars by the profile."""
    kept = any(state.scalar for rule in subject.rules.values() for state in rule.states)
    return kept or bool(subject.profile.single)


def _exact(profile: Profile) -> Profile:
    """Return the profile without scalars in float32."""
    return dataclasses.replace(profile, single=frozenset())


def _rounded(profile: Profile) -> Hypothesis:
    """Return the hypothesis that the claim is rounded otherwise: it has the room that a wrong formula has."""
    return Hypothesis(ROUNDED, Sort.PROFILE, profile=dataclasses.replace(profile, units=dict.fromkeys(UNITS, ROOM)))


def _holds(hypothesis: Hypothesis, subject: WorkerSubject, runs: Sequence[Recording], failing: int) -> bool:
    """Tell whether every result is in the enclosure of the hypothesis, and its enclosures decide.

    It must have something to say of most of the runs that fail, which are the first ones, and a value in most of all.
    Of one with states of its own these are the runs from the start.
    """
    if hypothesis.begins(subject):
        failing = sum(run.from_start for run in runs[:failing])
        runs = [run for run in runs if run.from_start]
    decided = values = asked = undefined = 0
    for place, run in enumerate(runs):
        if place == failing and 2 * asked <= failing:
            return False
        tally = run.judged(subject, hypothesis, briefly=True)
        if tally is None:
            continue
        if tally.outside:
            return False
        if place < failing and tally.undecided and not _decides(tally, run, subject):
            undefined += 1
            continue
        asked += tally.element_cases > 0
        undefined += tally.element_cases == 0
        decided += tally.decided
        values += tally.element_cases
    return 2 * asked > failing and asked > undefined and decided > LEAST_DECIDED * values


def _loosens(hypothesis: Hypothesis) -> bool:
    """Tell whether a hypothesis is the claim with other arithmetic in more than one line."""
    profile = hypothesis.profile
    return hypothesis.sort is Sort.PROFILE and profile is not None and len(profile.single) != 1


def _claim_of(subject: WorkerSubject) -> Hypothesis:
    return Hypothesis("as claimed", Sort.OPTION, profile=subject.profile)


def _decides(supposed: Tally, run: Recording, subject: WorkerSubject) -> bool:
    """Tell whether what the claim leaves outside may be decided: an enclosure without an end holds everything."""
    claimed = run.judged(subject, _claim_of(subject))
    return claimed is None or not claimed.outside or supposed.undecided - claimed.undecided < claimed.outside


def _ranked(
    claim: Hypothesis, hypotheses: Sequence[Hypothesis], subject: WorkerSubject, runs: Sequence[Recording]
) -> list[Hypothesis]:
    """Return the hypotheses that leave fewer values outside than the claim, the best first."""

    def left(hypothesis: Hypothesis) -> float:
        tallies = [run.judged(subject, hypothesis) for run in runs]
        return sum(tally.outside if tally is not None and tally.element_cases else float("inf") for tally in tallies)

    claimed = left(claim)
    scored = [(left(item), place, item) for place, item in enumerate(hypotheses)]
    return [item for score, _, item in sorted(scored, key=lambda each: each[:2]) if score < claimed]
