"""Records the smallest cases of known deviations: ``python -m conformance.commands.recording [ENTRY ...]``.

Every cell that a ledger entry names is replayed with the cases stored so far; where none fails, one
is searched for, reduced and stored.  ``--python`` names the interpreter that has the libraries.  ``--answers`` takes
the cases of entries that speak of devices alone from what a device answered.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance import claims
from conformance.catalogue import optimizer_units, scheduler_units
from conformance.catalogue.installed import version_of
from conformance.commands.device_answers import VERSION
from conformance.distance import recorded
from conformance.distance.recorded import CellAnswers
from conformance.engine.claim import Claim, Plan, Unit
from conformance.engine.evidence import Failure
from conformance.engine.ledger import OPTIMIZERS, Entry, Stored, load, place_of, written
from conformance.engine.reduction import reduced
from conformance.engine.replay import replayed
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.devices import FLOATS, HOST
from impls.libraries import OTHER_SCHEDULERS, OTHERS
from impls.session import Session

SEARCH, DEAR_SEARCH = Plan(300, 128, 0), Plan(12, 4096, 0)


def installed(session: Session) -> dict[str, str]:
    """Return the version of each library that a worker can import; it is empty for the others."""
    judged: tuple[Implementation | Scheduler, ...] = (*CATALOGUE, *OTHERS, *SCHEDULERS, *OTHER_SCHEDULERS)
    return {name: version_of(name, session) for name in {item.library for item in judged}}


def cells(
    entry: Entry, versions: Mapping[str, str], device: str = HOST, python: str | None = None
) -> Iterator[tuple[Unit, Claim]]:
    """Yield the units of installed libraries that an entry speaks of, each with its claims.

    A claim is the one in which the deviation shows best.  ``versions`` maps a library to its version.
    """
    known = claims.BY_IDENTIFIER[entry.chapter]
    for unit, found in _units(entry, versions, device, python):
        matching = [known[n] for n in unit.properties if entry.matches(unit.cell(n), found)]
        for claim in {claim.replayed_as(entry).identifier: claim.replayed_as(entry) for claim in matching}.values():
            yield unit, claim


def _units(entry: Entry, versions: Mapping[str, str], device: str, python: str | None) -> Iterator[tuple[Unit, str]]:
    asked: dict[str, Any] = {"properties": claims.identifiers(entry.chapter), "budget": 1, "seed": 0, "python": python}
    if entry.chapter == OPTIMIZERS:
        judged = tuple(item for item in (*CATALOGUE, *OTHERS) if versions.get(item.library))
        every = tuple(path.name for item in judged for path in item.paths)
        for unit in optimizer_units.units(judged, device=device, dtypes=FLOATS, asked=every, **asked):
            yield unit, versions[unit.implementation.library]
        return
    entries = tuple(item for item in (*SCHEDULERS, *OTHER_SCHEDULERS) if versions.get(item.library))
    for one in scheduler_units.units(entries, **asked):
        yield one, versions[one.entry.library]


def record(entry: Entry, session: Session, versions: Mapping[str, str]) -> tuple[Stored, ...]:
    """Return the cases of an entry: those stored that still fail somewhere, and new ones."""
    kept: list[Stored] = []
    for unit, claim in cells(entry, versions):
        subject = unit.subject(session)
        if not claim.concerns(subject) or claim.applies(subject):
            continue
        if replayed(subject, claim, dataclasses.replace(entry, cases=tuple(kept))):
            continue
        shown = [c for c in entry.cases if replayed(subject, claim, dataclasses.replace(entry, cases=(c,)))]
        found = shown[0] if shown else search(subject, claim, entry)
        if found is not None:
            kept.append(found)
        elif subject.own or not entry.of_everybody:  # other code may do better than what it inherits
            Console().print(f"{entry.identifier}: not shown by {unit.cell(claim.identifier)}")
    return tuple(kept)


def search(subject: Any, claim: Claim, entry: Entry) -> Stored | None:
    """Return the smallest case found that shows a deviation or stops the worker."""

    def something_else(failure: Failure) -> bool:
        return not entry.explains(failure.told)

    cost = getattr(getattr(subject, "path", None), "cost", 1)
    plan = dataclasses.replace(SEARCH if cost == 1 else DEAR_SEARCH, explained=something_else)
    evidence = claim.judge(subject, plan)
    failures = list(evidence.tally.failures)
    if not failures and evidence.stop is not None:
        failures = [stopped for stopped in (claim.kind.stopped(subject, evidence.stop),) if stopped]
    if not failures:
        return None
    smallest = reduced(subject, claim, failures[0], plan)
    of = "" if entry.chapter == OPTIMIZERS else claim.identifier
    return Stored(claim.kind.name, claim.kind.write(smallest.case), of)


def of_answers(entry: Entry, answered: Iterable[CellAnswers]) -> tuple[Stored, ...]:
    """Return the smallest case of each cell that an entry speaks of, as a device answered it."""
    kept = []
    for answers in answered:
        claim = answers.claim
        if entry not in answers.entries or claim.replayed_as(entry) is not claim:
            continue
        row = answers.smallest(entry)
        if row is None:
            Console().print(f"{entry.identifier}: not shown by {answers.cell}")
            continue
        kept.append(Stored(claim.kind.name, claim.kind.write(claim.kind.read(row.case))))
    return tuple(kept)


def _record_answers(names: list[str], files: list[Path], version: str) -> None:
    answered = [found for file in files for found in recorded.cells(recorded.read(file), version)]
    devices = {found.cell.device for found in answered}
    for entry in load():
        if set(entry.devices) <= devices and (entry.identifier in names or not names):
            cases = of_answers(entry, answered)
            place_of(entry.identifier).write_text(written(cases))
            Console().print(f"{entry.identifier}: {len(cases)} cases")


def main() -> None:
    """Write the cases of the entries named, or of every entry of an installed library, beside the ledger."""
    parser = argparse.ArgumentParser("python -m conformance.commands.recording", description=__doc__)
    parser.add_argument("entry", nargs="*", help="an entry of the ledger (default: all)")
    parser.add_argument("--python", help="the interpreter of the environment that has the libraries")
    parser.add_argument("--answers", nargs="+", type=Path, metavar="FILE", help="files of what a device answered")
    parser.add_argument("--answers-version", default=VERSION, help=f"the torch that answered (default: {VERSION})")
    arguments = parser.parse_args()
    if arguments.answers:
        _record_answers(arguments.entry, arguments.answers, arguments.answers_version)
        return
    with Session(arguments.python) as session:
        versions = installed(session)
        for entry in load():
            named = entry.identifier in arguments.entry if arguments.entry else True
            if not named or not any(cells(entry, versions)):
                continue
            cases = record(entry, session, versions)
            place_of(entry.identifier).write_text(written(cases))
            Console().print(f"{entry.identifier}: {len(cases)} cases")


if __name__ == "__main__":
    main()
