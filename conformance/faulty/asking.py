"""What is said of a mistake when only that is asked: the diagnosis, and the properties that were made for it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.causes import causes, told
from conformance.diagnosis.diagnosing import diagnose
from conformance.diagnosis.schedule_causes import told as told_of_schedules
from conformance.diagnosis.schedule_diagnosing import diagnose_schedule
from conformance.engine.claim import Claim, Plan
from conformance.engine.judging import verdict
from conformance.engine.ledger import SCHEDULERS
from conformance.faulty.fault import Fault
from conformance.faulty.measurement import MeasuredFault, Named, claim_of, named
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.torch_class import CLASS
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.optimizer import recognise
from conformance.recognition.scheduler import own_scheduler
from conformance.schedulers.subject import SchedulerSubject
from conformance.schedulers.torch_scheduler import CLASS as SCHEDULER_CLASS
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import HOST
from impls.session import Session, TargetError, WorkerFailure

PLAN = Plan(8, 64, 0)
"""How hard a property is judged that was made for a mistake."""


def asked(fault: Fault, folder: Path, session: Session, dtype: str) -> MeasuredFault:
    """Return what is said of a mistake by a session in which nothing else is judged."""
    start = time.perf_counter()
    path = written_to(folder, fault)
    try:
        found = list(_said(fault, path, session, dtype))
        said, title = named(fault, found)
    except (NotJudgeableError, TargetError, WorkerFailure) as error:
        found, said, title = [{}], Named.OPEN, str(error).partition("\n")[0]
    seconds = time.perf_counter() - start
    first = seconds if found else float("inf")
    return MeasuredFault(fault.kind, fault.name, claim_of(fault), bool(found), first, seconds, said, title)


def _said(fault: Fault, path: Path, session: Session, dtype: str) -> Iterator[dict[str, Any]]:
    """Yield the causes as a report has them."""
    subject = _subject(fault, path, session, dtype)
    if fault.properties:
        claims = [claim for name, claim in BY_IDENTIFIER[fault.chapter].items() if name.startswith(fault.properties)]
        results = [_judged(subject, claim) for claim in claims if not claim.applies(subject)]
        for cause in causes(results, lambda _: subject):
            explains = [{"property": cell.property} for cell in cause.explains]
            yield {"title": cause.title, "diagnosis": cause.diagnosis, "explains": explains}
    elif isinstance(subject, SchedulerSubject):
        of_rates = diagnose_schedule(subject, (), momentum=False)
        if of_rates.failing:
            title = of_rates.best.title if of_rates.best else "wrong: the learning rate"
            yield {"title": title, "diagnosis": told_of_schedules(of_rates), "explains": []}
    else:
        of_values = diagnose(subject, ())
        if of_values.failing:
            title = of_values.best.title if of_values.best else "values are wrong"
            yield {"title": title, "diagnosis": told(of_values), "explains": []}


def written_to(folder: Path, fault: Fault) -> Path:
    """Write the module of a faulty class, and return its path."""
    path = folder / f"faulty_{hashlib.sha256(fault.source.encode()).hexdigest()[:12]}.py"
    path.write_text(fault.source)
    return path


def entry_of(fault: Fault, path: Path, session: Session) -> Implementation | Scheduler:
    """Return a faulty class as a check takes it; raises what recognition does."""
    if fault.chapter == SCHEDULERS:
        return own_scheduler(f"{path}:{SCHEDULER_CLASS}", fault.rule, dict(fault.options), session)
    return recognise(f"{path}:{CLASS}", fault.rule, dict(fault.options), session)


def _subject(fault: Fault, path: Path, session: Session, dtype: str) -> WorkerSubject | SchedulerSubject:
    entry = entry_of(fault, path, session)
    if isinstance(entry, Scheduler):
        return SchedulerSubject(entry, session)
    return OptimizerUnit(entry, entry.paths[0], HOST, dtype, (), 1, 0).subject(session)


def _judged(subject: WorkerSubject | SchedulerSubject, claim: Claim) -> Any:
    return verdict(subject, claim, subject.cell(claim.identifier), claim.judge(subject, PLAN), PLAN)
