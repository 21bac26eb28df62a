"""The causes of a scheduler's findings: what it computes instead of its schedule, and what that explains."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.schedule_diagnosing import (
    ScheduleDiagnosis,
    diagnose_schedule,
    quantity_is_momentum,
    recorded,
)
from conformance.diagnosis.schedule_hypotheses import ScheduleHypothesis
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import Finding
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.schedule_kind import SCHEDULE
from conformance.schedulers.subject import SchedulerSubject
from conformance.schedulers.torch_scheduler import CLASS, EVERY_GROUP, NoClosedFormError, written
from impls.catalogue.scheduler_entries import TORCH, Scheduler
from impls.catalogue.written_entries import written as written_entry

PLAIN = frozenset({"lr/in-force", "momentum/in-force"})
"""Claims of which a case is a run, whose readings the formula judges."""
SHOWN_RIVALS = 3


@dataclasses.dataclass(frozen=True)
class Explained:
    """What a scheduler computes instead, in words, and the findings that this explains."""

    title: str
    diagnosis: str
    findings: tuple[Finding, ...]


def explained(
    findings: Sequence[Finding], clauses: Sequence[Finding], subject: SchedulerSubject
) -> Iterator[Explained]:
    """Yield what explains readings that the formula judges, with the clauses that it breaks too."""
    left, rest = list(findings), list(clauses)
    for momentum in (False, True):
        mine = [finding for finding in left if quantity_is_momentum(finding.quantity) is momentum]
        if not mine:
            continue
        found = diagnose_schedule(subject, [_case(f) for f in mine if f.cell.property in PLAIN], momentum=momentum)
        if found.best is None:
            yield Explained(_wrong(mine), told(found), tuple(mine))
            continue
        held = [f for f in mine if _is_held(found.best, f, subject, momentum=momentum)]
        beside = [f for f in (*mine, *rest) if f not in held]
        held += shown_by(found.best, subject, beside) if beside else []
        rest = [f for f in rest if f not in held]
        others = [f for f in mine if f not in held]
        if held:
            yield Explained(found.best.title, told(found), tuple(held))
        if others:
            said = f"{found.best.title} holds the readings of {found.runs} further runs, and not the case below"
            yield Explained(_wrong(others), said, tuple(others))


def _wrong(findings: Sequence[Finding]) -> str:
    return f"wrong: {', '.join(dict.fromkeys(finding.quantity for finding in findings))}"


def _case(finding: Finding) -> ScheduleCase:
    stored: dict[str, Any] = finding.case["stored"]
    case: ScheduleCase = SCHEDULE.read(stored)
    return case


def _is_held(hypothesis: ScheduleHypothesis, finding: Finding, subject: SchedulerSubject, *, momentum: bool) -> bool:
    """Tell whether a finding's case is a run all of whose readings a hypothesis holds."""
    if finding.cell.property not in PLAIN:
        return False
    runs = list(recorded(subject, [_case(finding)], momentum=momentum))
    found = [run.held_by(hypothesis, momentum=momentum) for run in runs]
    return bool(found) and all(item is not None and item[0] > 0 for item in found)


def told(found: ScheduleDiagnosis) -> str:
    """Return what is computed instead, and how sure that is, or how many hypotheses do not explain it."""
    best = found.best
    if best is None:
        return _unexplained(found)
    sure = f"it holds every reading of {found.runs} runs, of which the claim fails {found.failing}"
    rivals = [item.title for item in found.rivals if item.title != best.title]
    or_else = f"; so does: {', or '.join(rivals[:SHOWN_RIVALS])}" if rivals else f", and no other of {found.tried} does"
    return ". ".join(part for part in (best.formula, f"{sure}{or_else}") if part)


def _unexplained(found: ScheduleDiagnosis) -> str:
    if not found.failing:
        return f"{found.runs} further runs show nothing wrong: the case below does"
    said = f"none of {found.tried} hypotheses holds every reading of {found.runs} runs"
    return ". ".join((said, *found.regimes))


def shown_by(hypothesis: ScheduleHypothesis, subject: SchedulerSubject, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that a class shows too which does nothing but what the hypothesis says."""
    entry = subject.entry
    if entry.interface != TORCH or not subject.session.live:
        return []
    found: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder:
        for finding in findings:
            case = _case(finding)
            source = _source(hypothesis, case)
            if source is None:
                continue
            path = Path(folder) / f"supposed_{len(found)}_{finding.identifier}.py"
            path.write_text(source)
            other = written_entry(_class_at(f"{path}:{CLASS}", entry, case))
            found += [finding] if _shows(SchedulerSubject(other, subject.session), finding, case) else []
    return found


def _source(hypothesis: ScheduleHypothesis, case: ScheduleCase) -> str | None:
    supposed = None if case.node.parts else hypothesis.make(case.node.schedule)
    if supposed is None or hypothesis.narrow:
        return None
    try:
        source = written(supposed, hypothesis.title)
    except NoClosedFormError:
        return None
    if hypothesis.group is not None:
        source = source.replace(
            EVERY_GROUP, f"self.rate(self.base_lrs[{hypothesis.group}], self.last_epoch) for _ in self.base_lrs"
        )
    return source


def _class_at(target: str, entry: Scheduler, case: ScheduleCase) -> Scheduler:
    """Return the entry of a class that takes the settings by their own names, and claims what the case claims."""
    options = dict(case.node.schedule.options)
    return Scheduler(
        target, target, entry.schedule, entry.computes, options, any_form=entry.any_form, by_epoch=entry.by_epoch
    )


def _shows(subject: SchedulerSubject, finding: Finding, case: ScheduleCase) -> bool:
    claim = BY_IDENTIFIER[SCHEDULERS][finding.cell.property]
    node = dataclasses.replace(case.node, scheduler=subject.entry.identifier, options={})
    failures = failures_of(subject, claim, dataclasses.replace(case, node=node))
    return any(getattr(failure, "quantity", "") == finding.quantity for failure in failures)
