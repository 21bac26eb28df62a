"""Replays the entries of users' ledgers: each is shown, not shown, or cannot be tried here."""

from __future__ import annotations

import dataclasses
import enum
import fnmatch
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance import claims
from conformance.catalogue.installed import version_of
from conformance.commands.recording import cells, installed
from conformance.commands.replay import subject_of
from conformance.commands.usage_errors import UsageError
from conformance.engine.claim import Claim, Subject
from conformance.engine.ledger import Entry, Stored
from conformance.engine.replay import Shown, replayed
from conformance.engine.stored_case import CaseError
from conformance.engine.verdict import Cell
from conformance.recognition.constructor import NotJudgeableError
from impls.devices import HOST
from impls.session import Session, TargetError, WorkerFailure

UNBUILT = (NotJudgeableError, TargetError, WorkerFailure, UsageError)
"""What says that a subject cannot be built again."""


class EntryStanding(enum.StrEnum):
    """How an entry stands, or one of its cells."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    UNTRIED = "cannot be tried here"


@dataclasses.dataclass(frozen=True)
class TriedEntry:
    """What replaying an entry in one cell gave, and why it could not be tried; the subject where it was."""

    place: str
    standing: EntryStanding
    why: str = ""
    shown: Shown | None = None
    subject: Any = None
    cell: Cell | None = None


def devices_of(entry: Entry, session: Session) -> tuple[str, ...]:
    """Return where an entry is tried: on the host if it speaks of it, else on those of its devices that are here."""
    seen = [str(name) for name in session.request({"op": "hello"}).header["devices"]]
    spoken = [name for name in seen if any(fnmatch.fnmatchcase(name, pattern) for pattern in entry.devices)]
    return (HOST,) if HOST in spoken else tuple(spoken)


def overall(tried: tuple[TriedEntry, ...]) -> EntryStanding:
    """Return how an entry stands: every cell of which it speaks must show it."""
    standings = {one.standing for one in tried}
    for worst in (EntryStanding.NOT_SHOWN, EntryStanding.UNTRIED):
        if worst in standings:
            return worst
    return EntryStanding.SHOWN if standings else EntryStanding.UNTRIED


class EntryTrials:
    """Tries entries in one worker; what is built for one is kept for the next."""

    def __init__(self, session: Session, python: str | None) -> None:
        self.session, self.python = session, python
        self.built: dict[str, Any] = {}
        self.versions: Mapping[str, str] | None = None

    def tried(self, entry: Entry) -> tuple[TriedEntry, ...]:
        """Return what replaying an entry gives in every cell; where there is none, why it cannot be tried."""
        return tuple(self.each(entry)) or (
            TriedEntry(", ".join(entry.implementations), EntryStanding.UNTRIED, _absent(entry)),
        )

    def each(self, entry: Entry) -> Iterator[TriedEntry]:
        """Yield what replaying an entry gives, in each cell that its stored cases name, or the catalogue has."""
        if not entry.cases:
            return iter(())
        own = [stored for stored in entry.cases if stored.subject]
        return self._own(entry, own) if own else self._catalogued(entry)

    def _own(self, entry: Entry, cases: list[Stored]) -> Iterator[TriedEntry]:
        """Yield one trial for each subject and property of the stored cases."""
        groups: dict[str, list[Stored]] = {}
        for stored in cases:
            groups.setdefault(json.dumps([stored.subject, stored.property], sort_keys=True), []).append(stored)
        for mine in groups.values():
            first = mine[0]
            claim = claims.BY_IDENTIFIER[entry.chapter].get(first.property)
            place = " ".join(str(v) for k, v in first.subject.items() if k in _PLACED)
            if claim is None:
                yield TriedEntry(place, EntryStanding.UNTRIED, f"there is no property `{first.property}`")
                continue
            try:
                subject = self.subject(entry.chapter, first)
            except (*UNBUILT, KeyError) as error:
                yield TriedEntry(place, EntryStanding.UNTRIED, _said(error))
                continue
            yield self._in(entry, dataclasses.replace(entry, cases=tuple(mine)), subject, claim)

    def subject(self, chapter: str, stored: Stored) -> Any:
        """Return the subject of a stored case; raises what ``subject_of`` does."""
        key = json.dumps(stored.subject, sort_keys=True)
        if key not in self.built:
            described = {**stored.subject, "chapter": chapter, "property": stored.property}
            self.built[key] = subject_of(described, self.session)
        return self.built[key]

    def _catalogued(self, entry: Entry) -> Iterator[TriedEntry]:
        """Yield one trial for each cell of the catalogue of which an entry speaks."""
        self.versions = installed(self.session) if self.versions is None else self.versions
        of_devices = (cells(entry, self.versions, device, self.python) for device in devices_of(entry, self.session))
        for unit, claim in itertools.chain.from_iterable(of_devices):
            subject = unit.subject(self.session)
            if claim.concerns(subject) and not claim.applies(subject):
                yield self._in(entry, entry, subject, claim)

    def _in(self, entry: Entry, narrowed: Entry, subject: Subject, claim: Claim) -> TriedEntry:
        cell = subject.cell(claim.identifier)
        place = f"{cell.implementation} {cell.property} on {cell.path}, {cell.device}, {cell.dtype}"
        version = version_of(subject.library, self.session)
        if not entry.matches(cell, version):
            why = f"it speaks of version {entry.version}, and here is {version}: its cell is judged as usual"
            if entry.matches(cell, entry.version):
                return TriedEntry(place, EntryStanding.UNTRIED, why)
            return TriedEntry(place, EntryStanding.UNTRIED, "it does not speak of the cell of its stored case")
        if reason := claim.applies(subject):
            return TriedEntry(place, EntryStanding.NOT_SHOWN, f"the property does not apply any more: {reason}")
        try:
            shown = replayed(subject, claim, narrowed)
        except (CaseError, LookupError) as error:
            return TriedEntry(place, EntryStanding.UNTRIED, f"its stored case cannot be read: {_said(error)}")
        if not shown.replayed:
            return TriedEntry(place, EntryStanding.UNTRIED, "it has no stored case of this cell")
        return TriedEntry(place, EntryStanding.SHOWN if shown else EntryStanding.NOT_SHOWN, "", shown, subject, cell)


_PLACED = frozenset({"target", "scheduler", "path", "device", "dtype"})


def _said(error: Exception) -> str:
    return f"it does not say its {error}" if isinstance(error, KeyError) else str(error)


def _absent(entry: Entry) -> str:
    if entry.cases:
        return "none of its implementations is in the catalogue and installed here"
    return "it has no stored case"
