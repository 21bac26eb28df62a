"""The causes of a run's findings: what the code computes instead, and which cells that explains."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.diagnosing import Diagnosis, diagnose
from conformance.diagnosis.hypothesis import AS_GIVEN, Hypothesis
from conformance.diagnosis.joining import ARITHMETIC, CLAUSE, SHOULD, Joined, joined, of_schedule
from conformance.diagnosis.places import place_of, place_of_step
from conformance.diagnosis.recordings import recorded
from conformance.diagnosis.schedule_causes import explained as explained_by_schedules
from conformance.diagnosis.written_classes import shown_by
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.methods import LEARNING_RATE
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import Cause, Cell, CellResult, Finding
from conformance.optimizers.cases import Case
from conformance.optimizers.properties import IN_SINGLE
from conformance.optimizers.property import Property
from conformance.optimizers.rule_kind import COUNT, RULE
from conformance.optimizers.subject import WorkerSubject
from conformance.schedulers.schedule_kind import SCHEDULE
from conformance.schedulers.subject import SchedulerSubject
from impls.session import NotAsked, TargetError, WorkerFailure

SubjectOf = Callable[[Cell], Any]
"""Returns the subject of a cell, as it was judged; raises ``LookupError`` for one of which none is asked."""
MOST_CAUSES = 3
"""So many causes in the arithmetic of one implementation are looked for."""
SEVERAL = 3


def causes(results: Sequence[CellResult], subject_of: SubjectOf) -> tuple[Cause, ...]:
    """Return the causes of all findings, implementation by implementation, the gravest first."""
    found: list[Cause] = []
    for name in dict.fromkeys(result.cell.implementation for result in results):
        groups = list(joined(result for result in results if result.cell.implementation == name))
        clauses = [finding for group in groups for finding in group.findings if _may_be_explained(group, finding)]
        for group in groups:
            if group.sort == ARITHMETIC:
                of = _of_schedules if group.findings[0].case["kind"] == SCHEDULE.name else _of_arithmetic
                for cause, shown in of(group, clauses, subject_of):
                    clauses = [finding for finding in clauses if finding not in shown]
                    found.append(cause)
            elif left := tuple(f for f in group.findings if not _may_be_explained(group, f) or f in clauses):
                found.append(_told(dataclasses.replace(group, findings=left), subject_of))
    return tuple(found)


def _may_be_explained(group: Joined, finding: Finding) -> bool:
    """Tell whether wrong arithmetic may be the reason of a finding that says itself what is wrong.

    Of what only should hold it may where the formula of a schedule judges.
    """
    return group.sort == CLAUSE or (group.sort == SHOULD and of_schedule(finding))


def told(found: Diagnosis) -> str:
    """Return what is computed instead of the claim, or that nothing explains it, and where it is wrong."""
    return _unexplained(found) if found.best is None else _explained(found, found.best)


def _told(group: Joined, subject_of: SubjectOf) -> Cause:
    """Return the cause of findings that say themselves what is wrong."""
    first = group.findings[0]
    if group.sort == "raised":
        return _cause(group.findings, f"it raises {first.value}", first.sentence, first.confirmed)
    where = _place_of_clause(first, subject_of)
    if group.sort == SHOULD:
        return _cause(group.findings, f"{first.quantity}: {first.value}", first.sentence, where)
    return _cause(group.findings, f"{first.cell.property}: {first.quantity}", first.sentence, where)


def _place_of_clause(finding: Finding, subject_of: SubjectOf) -> str:
    """Return where the method begins of which a claim speaks; nothing of what cannot be asked."""
    claims = BY_IDENTIFIER[SCHEDULERS if finding.case["kind"] == SCHEDULE.name else OPTIMIZERS]
    try:
        return place_of_step(subject_of(finding.cell), claims[finding.cell.property].methods)
    except (LookupError, TargetError, WorkerFailure):
        return ""


def _cause(findings: Sequence[Finding], title: str, diagnosis: str, where: str) -> Cause:
    first, cells = findings[0], tuple(dict.fromkeys(finding.cell for finding in findings))
    level = min((finding.level for finding in findings), key=list(type(first.level)).index)
    return Cause(first.cell.implementation, title, level, diagnosis, where, first.identifier, cells)


def _of_arithmetic(
    group: Joined, clauses: Sequence[Finding], subject_of: SubjectOf
) -> Iterator[tuple[Cause, list[Finding]]]:
    """Yield the causes of values that are wrong, each with the clauses that it breaks too.

    What one does not explain is another's.
    """
    left = list(group.findings)
    for _ in range(MOST_CAUSES):
        if not left:
            return
        if all(finding.quantity == COUNT for finding in left):
            yield _miscounted(left, subject_of), []
            return
        try:
            subject: WorkerSubject = subject_of(left[0].cell)
            found = diagnose(subject, _cases(left))
            hypothesis = found.best
            unasked = [] if hypothesis is None else [f for f in left if _cannot_be_asked(hypothesis, f)]
            asked = [] if hypothesis is None else [f for f in left if f not in unasked]
            explained = [f for f in asked if hypothesis is not None and _explains(hypothesis, f, subject_of)]
            shown = shown_by(hypothesis, subject, clauses) if hypothesis is not None and explained and clauses else []
        except (TargetError, WorkerFailure) as failure:
            yield _cause(left, "values are wrong", f"the code could not be asked more: {failure}", ""), []
            return
        except Exception as error:  # noqa: BLE001 - verdicts and findings stand, whatever of ours breaks here
            yield _cause(left, _wrong(left), _broken(error), ""), []
            return
        if hypothesis is None or not explained:
            yield _cause(left, _wrong(left), _unexplained(found), place_of(subject, None, left, found.failures)), []
            return
        said = _explained(found, hypothesis)
        if unasked:
            some = (
                "an experiment of its own, which was" if len(unasked) == 1 else "experiments of their own, which were"
            )
            said += f". {len(unasked)} of its findings: {some} not judged again under it"
        place = place_of(subject, hypothesis, explained, found.failures)
        yield _cause([*explained, *unasked, *shown], hypothesis.title, said, place), shown
        left = [finding for finding in asked if finding not in explained]
    if left:
        yield _cause(left, _wrong(left), f"not looked into beside {MOST_CAUSES} other causes", ""), []


def _miscounted(findings: Sequence[Finding], subject_of: SubjectOf) -> Cause:
    """Return the cause of counts that are wrong where the arithmetic says nothing of it."""
    first = findings[0]
    counts = {float(finding.value) for finding in findings}
    kept = "; a count in float32 stays there: it holds no odd number beyond" if counts == {IN_SINGLE} else ""
    said = f"{first.sentence.rstrip('.')}{kept}"
    return _cause(findings, f"{COUNT}: {first.value}", said, _place_of_clause(first, subject_of))


def _of_schedules(
    group: Joined, clauses: Sequence[Finding], subject_of: SubjectOf
) -> Iterator[tuple[Cause, list[Finding]]]:
    """Yield the causes of learning rates that are wrong, each with the clauses that it breaks too."""
    mine = list(group.findings)
    try:
        subject: SchedulerSubject = subject_of(mine[0].cell)
        found = list(explained_by_schedules(mine, clauses, subject))
    except (TargetError, WorkerFailure) as failure:
        yield _cause(mine, _wrong(mine), f"the code could not be asked more: {failure}", ""), []
        return
    except Exception as error:  # noqa: BLE001 - verdicts and findings stand, whatever of ours breaks here
        yield _cause(mine, _wrong(mine), _broken(error), ""), []
        return
    for cause in found:
        place = place_of_step(subject, LEARNING_RATE)
        shown = [finding for finding in cause.findings if finding in clauses]
        yield _cause(cause.findings, cause.title, cause.diagnosis, place), shown


def _broken(error: Exception) -> str:
    return f"stepproof broke while it looked for the cause ({type(error).__name__}: {error}): please report it"


def _wrong(findings: Sequence[Finding]) -> str:
    """Return the quantities that are wrong."""
    quantities = tuple(dict.fromkeys(finding.quantity for finding in findings))
    more = ", …" if len(quantities) > SEVERAL else ""
    values = {finding.value.lstrip("+-") for finding in findings}
    what = {frozenset({"nan"}): "not a number", frozenset({"inf"}): "infinite"}.get(frozenset(values), "wrong")
    return f"{what}: {', '.join(quantities[:SEVERAL])}{more}"


def _explained(found: Diagnosis, hypothesis: Hypothesis) -> str:
    """Return what is computed instead, and how sure that is."""
    sure = f"it holds every result of {found.runs} runs, of which the claim fails {found.failing}"
    rivals = [item.title for item in found.rivals if item.title != hypothesis.title]
    or_else = f"; so does: {', or '.join(rivals[:SEVERAL])}" if rivals else f", and no other of {found.tried} does"
    return ". ".join(part for part in (hypothesis.formula, f"{sure}{or_else}") if part)


def _unexplained(found: Diagnosis) -> str:
    """Return how many hypotheses were tried, and where the values are wrong."""
    if found.best is not None:
        return f"{found.best.title} holds the results of {found.runs} further runs, and not the case below"
    if not found.failing:
        return f"{found.runs} further runs show nothing wrong: the case below does"
    said = f"none of {found.tried} hypotheses holds every result of {found.runs} runs"
    return ". ".join((said, *found.regimes)) if found.regimes else said


def _cases(findings: Sequence[Finding]) -> list[Case]:
    """Return the cases of the first cell's findings that are steps of the rule."""
    cell = findings[0].cell
    return [RULE.read(_stored(f)) for f in findings if f.cell == cell and f.case["kind"] == RULE.name]


def _stored(finding: Finding) -> dict[str, Any]:
    stored: dict[str, Any] = finding.case["stored"]
    return stored


def _explains(hypothesis: Hypothesis, finding: Finding, subject_of: SubjectOf) -> bool:
    """Tell whether a finding's case shows nothing wrong where the hypothesis is the claim.

    A count is not judged by the formula: what counts otherwise explains it, and nothing else does.
    """
    if finding.quantity == COUNT:
        return hypothesis.counts_otherwise
    claim = BY_IDENTIFIER[OPTIMIZERS][finding.cell.property]
    subject = subject_of(finding.cell)
    supposed = hypothesis.of(subject)
    if claim.applies(supposed):
        return True
    case = claim.kind.read(_stored(finding))
    if isinstance(claim, Property) and not claim.compares_runs:
        tallies = [run.judged(subject, hypothesis) for run in recorded(subject, [case])]
        return all(tally is not None and tally.element_cases and not tally.outside for tally in tallies)
    try:
        return not failures_of(supposed, claim, case)
    except NotAsked:
        return False


def _cannot_be_asked(hypothesis: Hypothesis, finding: Finding) -> bool:
    """Tell whether an experiment makes its own steps, in which nothing can be read otherwise."""
    return hypothesis.reading is not AS_GIVEN and finding.case["kind"] != RULE.name
