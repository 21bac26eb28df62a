"""Known deviations: their stored cases are replayed first, so that a strict expectation holds."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass

from conformance.agreement import Outside, Tally
from conformance.cases import Case
from conformance.claims import BY_IDENTIFIER, Claim
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.findings import ClauseReducer
from conformance.contract.observation import Breach
from conformance.findings import Reducer, reducer
from conformance.ledger import Entry
from conformance.properties import Plan, nothing
from conformance.reduction import Reduction
from conformance.subject import WorkerSubject, prepare
from conformance.verdict import Cell, CellResult, Figures, Finding, Verdict
from impls.catalogue import CATALOGUE
from impls.session import TargetError, WorkerFailure

SEARCH = Plan(300, 128, 0)
DEAR_SEARCH = Plan(12, 4096, 0)
CATALOGUED = frozenset(item.identifier for item in CATALOGUE)


@dataclass(frozen=True)
class Shown:
    """What replaying the cases of an entry gave: a stop of the worker at a case, failures, or neither."""

    tally: Tally
    case: Case | ClauseCase | None = None
    stop: str = ""
    replayed: int = 0

    def __bool__(self) -> bool:
        return bool(self.stop) or bool(self.tally.failures)

    def findings(self, subject: WorkerSubject, claim: Claim, cell: Cell) -> tuple[Finding, ...]:
        """Return the finding of the case that failed, or at which the worker stopped."""
        shown = reducer(subject, claim, cell, reduced=True)
        if self.stop and isinstance(self.case, Case) and isinstance(shown, Reducer):
            return (shown.of_stop(self.case, self.stop),)
        return shown.findings(self.tally.failures[:1])


def explained(entry: Entry, failure: Outside) -> bool:
    """Tell whether a failure is the deviation."""
    return entry.explains(failure.told)


def shown_in(entry: Entry, claim: Claim) -> Claim:
    """Return the property in which a deviation shows best: one in arithmetic, in local agreement."""
    agreement = BY_IDENTIFIER["agreement/local"]
    broken = isinstance(claim, Clause) and entry.speaks_of(agreement.identifier)
    return agreement if entry.judgeable or broken else claim


def replayed(subject: WorkerSubject, claim: Claim, entry: Entry) -> Shown:
    """Replay the stored cases that fit the subject until one fails."""
    tried = 0
    for case in entry.cases:
        if _is_of(case, claim, subject) and fits(case, subject):
            tried += 1
            shown = run(subject, claim, case)
            shown.tally.failures = [f for f in shown.tally.failures if explained(entry, f)]
            if shown:
                return dataclasses.replace(shown, replayed=tried)
    return Shown(Tally(), replayed=tried)


def _is_of(case: Case | ClauseCase, claim: Claim, subject: WorkerSubject) -> bool:
    """Tell whether a case is one of a property's: another's would stop the worker, and show nothing."""
    if isinstance(claim, Clause) and isinstance(case, ClauseCase):
        return case.switches in subject.rules and claim.asks(subject, case)
    return isinstance(case, ClauseCase) == isinstance(claim, Clause)


def run(subject: WorkerSubject, claim: Claim, case: Case | ClauseCase) -> Shown:
    """Judge one case of a property."""
    tally = Tally()
    try:
        claim.run(subject, case, tally, Plan(1, 1, 0))  # type: ignore[arg-type]
    except (TargetError, WorkerFailure) as stop:
        return Shown(tally, case, str(stop))
    return Shown(tally, case)


def fits(case: Case | ClauseCase, subject: WorkerSubject) -> bool:
    """Tell whether a case speaks of the subject's rule and of values that its format holds."""
    rule = subject.rules.get(case.switches)
    if rule is None:
        return False
    names = {h.symbol.name for h in rule.hyperparameters}
    if isinstance(case, ClauseCase):
        return set(case.settings) == names
    if any(set(group.hyperparameters) != names for group in case.groups):
        return False
    given = [tensor.values for group in case.groups for tensor in group.tensors if tensor.values]
    known = {quantity.symbol.name for quantity in rule.quantities}
    return all(known <= set(values) for values in given)


def judge_deviation(
    subject: WorkerSubject,
    claim: Claim,
    cell: Cell,
    entries: list[Entry],
    judge: Callable[[WorkerSubject, Callable[[Outside], bool]], CellResult],
    *,
    strict: bool = True,
) -> CellResult:
    """Judge a cell of which deviations are known; ``judge`` judges what they leave of it.

    An entry that is not shown fails the cell if ``strict``: somebody's code, or another version than
    the ledger was recorded with, may do better.
    """
    strict = strict and cell.implementation in CATALOGUED
    seen = [entry for entry in entries if entry.observed]
    unseen = [entry for entry in entries if entry not in seen]

    def rest(of: WorkerSubject) -> CellResult:
        return _judge_observed(of, claim, cell, seen, judge, strict=strict) if seen else judge(of, nothing)

    if not unseen:
        return rest(subject)
    first = unseen[0]
    chosen = [entry for entry in unseen if entry.judgeable] if first.judgeable else [first]
    shown = [(entry, replayed(subject, shown_in(entry, claim), entry)) for entry in chosen]
    hidden = [(entry, replay) for entry, replay in shown if not replay]
    if hidden and strict:
        return _stale(cell, *hidden[0])
    standing = [(entry, replay) for entry, replay in shown if replay]
    if not standing:
        return _inherited(rest(subject), first, anew=not hidden[0][1].replayed)
    known = _known(subject, claim, cell, standing)
    if not first.judgeable:
        return known
    wider = functools.reduce(_beside, (entry for entry, _ in standing), subject)
    return _joined(known, rest(wider), wider)


def _known(
    subject: WorkerSubject, claim: Claim, cell: Cell, standing: list[tuple[Entry, Shown]]
) -> CellResult:
    """Return what is known of a cell: the deviations that show, with the cases of its own property."""
    findings: list[Finding] = []
    for entry, shown in standing:
        best = shown_in(entry, claim)
        if best.identifier == cell.property:
            findings += shown.findings(subject, best, cell)
    first, *more = [entry for entry, _ in standing]
    return CellResult(
        cell, Verdict.DEVIATION, " ".join(entry.reason for entry in (first, *more)), Figures(cases=1), "",
        tuple(findings), first.identifier, tuple(entry.identifier for entry in more),
    )  # fmt: skip


def _beside(subject: WorkerSubject, entry: Entry) -> WorkerSubject:
    """Return the subject as the rest is judged beside a deviation."""
    wider = subject.with_profile(subject.profile.widened(entry.profile))
    if entry.ranks:
        wider = wider.with_ranks(*entry.ranks)
    return wider.with_domains(entry.domains)


def _joined(known: CellResult, rest: CellResult, wider: WorkerSubject) -> CellResult:
    """Return the verdict on a cell of which something is known, and the rest was judged."""
    if rest.verdict not in {Verdict.PASS, Verdict.DEVIATION}:
        return rest
    return dataclasses.replace(
        rest,
        verdict=Verdict.DEVIATION,
        reason=f"{known.reason} {rest.reason}".rstrip(),
        deviation=known.deviation,
        findings=(*known.findings, *rest.findings),
        further=tuple(name for name in (*known.further, rest.deviation, *rest.further) if name),
        profile=f"wider: {wider.profile}",
    )


def _stale(cell: Cell, entry: Entry, shown: Shown) -> CellResult:
    """Return the verdict on a cell whose deviation is there no more."""
    reason = f"deviation `{entry.identifier}` is no longer shown by its {shown.replayed} stored cases"
    if not shown.replayed:
        reason = f"deviation `{entry.identifier}` has no case of this cell"
    action = "remove it from the ledger, or record it again: python -m conformance.record"
    return CellResult(cell, Verdict.FAIL, f"{reason}: {action}", Figures(), deviation=entry.identifier)


def _judge_observed(
    subject: WorkerSubject,
    claim: Claim,
    cell: Cell,
    entries: list[Entry],
    judge: Callable[[WorkerSubject, Callable[[Outside], bool]], CellResult],
    *,
    strict: bool,
) -> CellResult:
    """Judge all cases of a property; what no deviation explains is new."""
    known: list[Entry] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for entry in entries:
        shown = replayed(subject, claim, entry)
        if shown:
            findings += shown.findings(subject, claim, cell)
        elif strict:
            return _stale(cell, entry, shown)
        elif shown.replayed:
            continue
        known.append(entry)

    def is_known(failure: Outside) -> bool:
        explaining = [entry for entry in known if explained(entry, failure)]
        seen.update(entry.identifier for entry in explaining)
        return bool(explaining)

    result = judge(subject, is_known)
    standing = [entry for entry in known if entry.identifier in seen]
    if result.verdict is not Verdict.PASS or not standing:
        return result
    first, *more = standing
    return dataclasses.replace(
        result,
        verdict=Verdict.DEVIATION,
        reason=" ".join(entry.reason for entry in standing),
        deviation=first.identifier,
        further=tuple(entry.identifier for entry in more),
        findings=tuple(findings),
    )


def _inherited(result: CellResult, entry: Entry, *, anew: bool) -> CellResult:
    """Return the verdict on somebody's code: what breaks ``anew``, without a stored case, is known."""
    if result.verdict is not Verdict.FAIL or not anew or entry.judgeable:
        return result
    return dataclasses.replace(
        result, verdict=Verdict.DEVIATION, reason=entry.reason, deviation=entry.identifier
    )


def search(subject: WorkerSubject, claim: Claim, entry: Entry) -> Case | ClauseCase | None:
    """Return the smallest case found that shows a deviation or stops the worker."""
    if isinstance(claim, Clause):
        return _search(subject, claim, entry)
    judged = claim.judge(subject, SEARCH if subject.path.cost == 1 else DEAR_SEARCH)
    failures = [failure for failure in judged.tally.failures if explained(entry, failure)]
    if failures:
        failure = failures[0]
        prepared = prepare(failure.case, subject.rules[failure.case.switches], subject.storage)

        def judge(case: Case) -> Outside | None:
            found = run(subject, claim, case).tally.failures
            return next((f for f in found if f.quantity == failure.quantity and explained(entry, f)), None)

        rule = subject.rules[failure.case.switches]
        if failure.quantity == "t":
            return _fewest(failure.case, judge)
        reduction = Reduction(
            rule, subject.storage, judge, keep_settings=claim.of_settings, cost=subject.path.cost
        )
        return reduction.reduce(failure, prepared).case
    return judged.exploration.case


def _search(subject: WorkerSubject, clause: Clause, entry: Entry) -> ClauseCase | None:
    """Return the smallest case in which a clause is broken as the entry says."""
    cell = Cell(subject.implementation.identifier, subject.path.name, subject.device,
                subject.storage.name, clause.identifier)  # fmt: skip
    plan = dataclasses.replace(SEARCH, explained=lambda failure: not explained(entry, failure))
    found = clause.judge(subject, plan).tally.failures
    if not found or not isinstance(found[0], Breach):
        return None
    return ClauseReducer(subject, clause, cell).smallest(found[0], entry.explains).case


def _fewest(case: Case, judge: Callable[[Case], Outside | None]) -> Case:
    """Keep one tensor of a case, the first that fails by itself."""
    for group in case.groups:
        for tensor in group.tensors:
            alone = dataclasses.replace(case, groups=(dataclasses.replace(group, tensors=(tensor,)),))
            if judge(alone) is not None:
                return alone
    return case
