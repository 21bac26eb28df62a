"""Known deviations, read and shown: ``stepproof deviations``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from conformance.console import show_finding
from conformance.deviations import replayed
from conformance.engine import subject_of
from conformance.installation import version
from conformance.ledger import Entry, load
from conformance.record import cells
from conformance.schedules import findings as schedule_findings
from conformance.schedules.deviations import ledger, still_shown
from conformance.schedules.judging import ALL, cell, why_not
from conformance.schedules.subject import Subject
from conformance.usage import UsageError
from conformance.verdict import Finding
from impls.catalogue import CATALOGUE
from impls.libraries import OTHERS
from impls.schedulers import OTHERS as OTHER_SCHEDULERS
from impls.schedulers import SCHEDULERS
from impls.session import Session


def listed(console: Console, part: str) -> None:
    """Print every entry whose name or implementation holds ``part``; raises ``UsageError`` for none."""
    chosen = [entry for entry in _entries() if _speaks_of(entry, part)]
    if not chosen:
        raise UsageError(
            f"there is no deviation of `{part}`; give a part of a deviation's or an optimizer's name, "
            "or none to see them all"
        )
    for entry in chosen:
        where = f"{', '.join(entry.implementations)}: {entry.condition}"
        console.print(f"[bold]{entry.identifier}[/]")
        console.print(Padding(f"{escape(entry.reason)}\n[dim]{escape(where)}[/]", (0, 0, 1, 2)))
    count = f"{len(chosen)} known deviation{'s' * (len(chosen) != 1)}"
    console.print(f"{count}. `stepproof deviations NAME` shows one, with its smallest case and a script.")


def shown(console: Console, identifier: str, python: str | None, *, script_alone: bool) -> bool:
    """Run the stored case of a deviation, print it and its script; tells whether it still shows."""
    entry = next(entry for entry in _entries() if entry.identifier == identifier)
    with Session(python) as session:
        found = next(_findings(entry, session, python), None)
    if found is None:
        named = ", ".join(entry.implementations)
        console.print(f"`{identifier}` is not shown here: {named} conforms in it, or is not installed")
        return False
    if not script_alone:
        console.print(f"[bold]{identifier}[/]\n{escape(entry.reason)}")
        show_finding(console, dataclasses.replace(found, replay=""), "")
        console.print("\n[dim]standalone script[/]\n")
    console.print(found.script, markup=False, soft_wrap=True, end="")
    return True


def is_known(identifier: str) -> bool:
    """Tell whether a name is that of an entry."""
    return any(entry.identifier == identifier for entry in _entries())


def _entries() -> tuple[Entry, ...]:
    return (*load(), *ledger())


def _speaks_of(entry: Entry, part: str) -> bool:
    return any(part.lower() in name.lower() for name in (entry.identifier, *entry.implementations))


def _findings(entry: Entry, session: Session, python: str | None) -> Iterator[Finding]:
    if entry in load():
        yield from _of_optimizers(entry, session, python)
    else:
        yield from _of_schedulers(entry, session)


def _of_optimizers(entry: Entry, session: Session, python: str | None) -> Iterator[Finding]:
    first = {item.library: item for item in (*CATALOGUE, *OTHERS)}
    versions = {name: version(item, session) for name, item in first.items()}
    for unit, claim in cells(entry, versions, "cpu", python):
        subject = subject_of(unit, session)
        shown_here = replayed(subject, claim, entry)
        if shown_here:
            yield from shown_here.findings(subject, claim, unit.cell(claim.identifier))


def _of_schedulers(entry: Entry, session: Session) -> Iterator[Finding]:
    for scheduler in (*SCHEDULERS, *OTHER_SCHEDULERS):
        found = version(scheduler, session)
        for claim in ALL:
            place = cell(scheduler, claim)
            if not found or not entry.matches(place, found) or why_not(claim, scheduler):
                continue
            failure = still_shown(Subject(scheduler, session), claim, entry)
            if failure is not None:
                yield schedule_findings.finding(failure, claim, place)
