"""Faulty classes judged one after the other in one process, by all that a check asks but for the power of mutants."""

from __future__ import annotations

import dataclasses
import json
import pickle
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conformance import claims
from conformance.catalogue import optimizer_units, scheduler_units
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.diagnosis.causes import causes
from conformance.engine.judging import Judged
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.power import Power
from conformance.engine.verdict import Cell, CellResult
from conformance.faulty.asking import asked, entry_of, written_to
from conformance.faulty.checks import Manner
from conformance.faulty.fault import Fault
from conformance.faulty.measurement import MeasuredFault, Named, claim_of, named
from conformance.recognition.constructor import NotJudgeableError
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import HOST
from impls.session import Session, TargetError, WorkerFailure

LONGEST = 300.0
"""Seconds after which no further property of a class is asked."""
Unit = OptimizerUnit | SchedulerUnit


def judged(fault: Fault, folder: Path, session: Session, manner: Manner) -> MeasuredFault:
    """Return what all properties, and the causes of what they find, say of a faulty class."""
    start = time.perf_counter()
    first, finished, found = float("inf"), True, list[CellResult]()
    try:
        units = _units(fault, folder, session, manner)
        for event in (event for unit in units for event in claims.judge(unit, session=session)):
            if isinstance(event, Judged):
                found.append(event.result)
                if event.result.findings and not event.result.deviation:
                    first = min(first, time.perf_counter() - start)
            if not (finished := time.perf_counter() - start < LONGEST):
                break
        said, title = named(fault, _causes(found, units, session))
    except (NotJudgeableError, TargetError, WorkerFailure) as error:
        first, said, title = time.perf_counter() - start, Named.OPEN, str(error).partition("\n")[0]
    if not finished and said is Named.MISSED:
        said = Named.UNFINISHED
    seconds = time.perf_counter() - start
    return MeasuredFault(fault.kind, fault.name, claim_of(fault), first < float("inf"), first, seconds, said, title)


def _units(fault: Fault, folder: Path, session: Session, manner: Manner) -> list[Unit]:
    """Return the units of a check in one format, which try no mutants and draw no curves."""
    entry = entry_of(fault, written_to(folder, fault), session)
    if isinstance(entry, Scheduler):
        asked_of = claims.identifiers(SCHEDULERS)
        of_schedules = scheduler_units.units((entry,), properties=asked_of, budget=manner.budget, seed=0)
        return [dataclasses.replace(unit, draw=False) for unit in of_schedules]
    of_rules = optimizer_units.units(
        (entry,),
        device=HOST,
        dtypes=(manner.dtype,),
        properties=claims.identifiers(OPTIMIZERS),
        budget=manner.budget,
        seed=0,
    )
    return [WithoutMutants(**{**vars(unit), "steer": False}) for unit in of_rules]


class WithoutMutants(OptimizerUnit):
    """A unit with all cases of a check but those that are drawn for mutants, of which it tries none."""

    def power(self) -> Power:
        """Return a power without mutants."""
        return Power(lambda _: ())


def _causes(found: list[CellResult], units: list[Unit], session: Session) -> list[dict[str, Any]]:
    """Return the causes as a report has them."""
    by_cell = {unit.cell(""): unit for unit in units}
    subjects: dict[Cell, Any] = {}

    def subject_of(cell: Cell) -> Any:
        of = dataclasses.replace(cell, property="")
        if of not in subjects:
            subjects[of] = by_cell[of].subject(session)
        return subjects[of]

    return [dataclasses.asdict(cause) for cause in causes(found, subject_of)]


def main(file: str) -> None:
    """Judge the faults of a file, and write a line of JSON of each."""
    manner, faults = pickle.loads(Path(file).read_bytes())  # noqa: S301 the process that started this one wrote it
    with tempfile.TemporaryDirectory() as folder, Session() as session:
        for fault in faults:
            if manner.diagnosis:
                found = asked(fault, Path(folder), session, manner.dtype)
            else:
                found = judged(fault, Path(folder), session, manner)
            sys.stdout.write(json.dumps(found.plain()) + "\n")
            sys.stdout.flush()
