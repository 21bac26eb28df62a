"""Replays the stored cases of known deviations: each must still fail, and all else is judged."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from conformance.engine.claim import Claim, Subject
from conformance.engine.evidence import Failure, unasked
from conformance.engine.findings import findings_of
from conformance.engine.ledger import OURS, Entry, Stored
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import Cell, CellResult, Figures, Finding, Verdict
from impls.session import NotAsked

Explore = Callable[[Any, Callable[[Failure], bool]], CellResult]
"""Judges all cases of a claim on a subject, but for the failures that are known."""
MustShow = Callable[[Entry], bool]
"""Tells whether an entry that a cell does not show fails it."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """What replaying an entry's stored cases gave: the first failure that is the deviation, or none."""

    entry: Entry
    claim: Claim
    failure: Any = None
    replayed: int = 0
    unasked: int = 0
    """Stored cases of which a question has no answer."""

    def __bool__(self) -> bool:
        return self.failure is not None

    def findings(self, subject: Subject, cell: Cell) -> tuple[Finding, ...]:
        """Return the finding of the case that failed, where it is one of the cell's own property."""
        if self.failure is None or self.claim.identifier != cell.property:
            return ()
        return findings_of(subject, self.claim, cell, [self.failure])


def replayed(subject: Subject, claim: Claim, entry: Entry) -> Shown:
    """Replay the stored cases of an entry that are the claim's and fit the subject, until one fails."""
    claim, tried, left = claim.replayed_as(entry), 0, 0
    for stored in entry.cases:
        case = fitting(subject, claim, stored)
        if case is None:
            continue
        tried += 1
        try:
            failure = next((f for f in failures_of(subject, claim, case) if is_known(entry, f)), None)
        except NotAsked:
            left += 1
            continue
        if failure is not None:
            return Shown(entry, claim, failure, tried)
    return Shown(entry, claim, replayed=tried, unasked=left)


def fitting(subject: Subject, claim: Claim, stored: Stored) -> Any:
    """Return the stored case, or None where it is no case of the claim on the subject."""
    if stored.kind != claim.kind.name or stored.property not in {"", claim.identifier}:
        return None
    case = claim.kind.read(stored.case)
    return case if claim.kind.fits(subject, claim, case) else None


def is_known(entry: Entry, failure: Failure) -> bool:
    """Tell whether a failure is the entry's deviation, and not another one in the same cell."""
    return entry.explains(failure.told)


def judge_known(
    subject: Subject, claim: Claim, cell: Cell, entries: list[Entry], explore: Explore, must_show: MustShow
) -> CellResult:
    """Replay a cell's ledger entries, then judge all cases that they do not explain.

    An entry that ``must_show`` and does not fails the cell: somebody's code, or another version than the
    ledger was recorded with, may do better.  Where a stored case could not be asked the cell is undecided.
    """
    replays = [replayed(subject, claim, entry) for entry in entries]
    result = _beside_known(replays, subject, claim, cell, explore, must_show)
    if left := sum(shown.unasked for shown in replays):
        return CellResult(cell, Verdict.UNDECIDED, unasked(left, "stored case of a known deviation"), result.figures)
    return result


def _beside_known(
    replays: list[Shown], subject: Subject, claim: Claim, cell: Cell, explore: Explore, must_show: MustShow
) -> CellResult:
    """Judge all cases that the entries that were replayed do not explain."""
    known_to_fail = (shown for shown in replays if not shown and not shown.unasked and must_show(shown.entry))
    hidden = next(known_to_fail, None)
    if hidden is not None:
        return _stale(cell, hidden)
    standing = [shown for shown in replays if shown]
    blind = [shown for shown in standing if not (shown.entry.observed or shown.entry.narrows)]
    findings = tuple(found for shown in standing for found in shown.findings(subject, cell))
    if blind:
        return _deviation(CellResult(cell, Verdict.PASS, figures=Figures(cases=1)), standing, findings)
    wider = functools.reduce(lambda of, shown: of.beside(shown.entry), standing, subject)
    # The stored cases are those of other code: without one that shows here an entry may still say what is seen.
    unshown = [shown.entry for shown in replays if not shown]
    observed = [shown.entry for shown in standing if shown.entry.observed]
    observed += [entry for entry in unshown if entry.observed]
    seen: set[str] = set()

    def known(failure: Failure) -> bool:
        explaining = [entry for entry in observed if is_known(entry, failure)]
        seen.update(entry.identifier for entry in explaining)
        return bool(explaining)

    rest = explore(wider, known)
    if wider is not subject:
        rest = dataclasses.replace(rest, profile=f"wider: {wider.printed_profile}")
    standing += [Shown(entry, claim) for entry in unshown if entry.identifier in seen]
    untried = [shown.entry for shown in replays if not shown and not shown.replayed]
    inherited = [entry for entry in untried if not (entry.observed or entry.narrows)]
    if rest.verdict is Verdict.FAIL and inherited and not standing:
        return _deviation(rest, [Shown(inherited[0], claim)], rest.findings)
    if standing and rest.verdict in {Verdict.PASS, Verdict.UNDECIDED}:
        return _deviation(rest, standing, findings)  # where every case shows what is known nothing else can be decided
    return dataclasses.replace(rest, further=tuple(shown.entry.identifier for shown in standing))


def _deviation(rest: CellResult, standing: list[Shown], findings: tuple[Finding, ...]) -> CellResult:
    """Return the verdict on a cell whose only failures are known deviations."""
    first, *more = [shown.entry for shown in standing]
    return dataclasses.replace(
        rest,
        verdict=Verdict.DEVIATION,
        reason=" ".join(entry.reason for entry in (first, *more)),
        deviation=first.identifier,
        further=tuple(entry.identifier for entry in more),
        findings=findings,
    )


def _stale(cell: Cell, shown: Shown) -> CellResult:
    """Return the verdict on a cell with an entry that no stored case shows any more."""
    name = shown.entry.identifier
    reason = f"deviation `{name}` is no longer shown by its {shown.replayed} stored cases"
    if not shown.replayed:
        reason = f"deviation `{name}` has no case of this cell"
    action = "remove it from the ledger, or record it again: python -m conformance.commands.recording"
    if shown.entry.ledger != OURS:
        action = f"remove it from the ledger: stepproof ledger prune --ledger {shown.entry.ledger}"
    return CellResult(cell, Verdict.FAIL, f"{reason}: {action}", Figures(), deviation=name)
