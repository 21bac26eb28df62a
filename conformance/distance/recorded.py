"""Judges what a device answered, on a machine that has none: recorded cases, each with the worker's own answers.

A file of answers is a list of rows (JSON, packed by xz): the subject, the property, the case as a report writes it, and
the answers of the worker that steps of that case got, with their buffers in base64.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from conformance.distance.answers import AnsweredSession, Told
from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.engine.ledger import OPTIMIZERS, Entry, named
from conformance.engine.replay import is_known
from conformance.engine.verdict import Cell
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import prepare
from conformance.optimizers.properties import PROPERTIES
from conformance.optimizers.property import Property
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.subject import GRADIENT, WorkerSubject, worker_subject
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import NotAsked
from reference.formats import FORMATS, Format

PLAN = Plan(1, 1, 0)
"""Every row holds its case: nothing is drawn."""


class AnsweredCase(msgspec.Struct, frozen=True, rename={"claim": "property"}):
    """What one case of one property was answered; ``unit`` is implementation, path, device and format."""

    unit: tuple[str, str, str, str]
    claim: str
    case: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def cell(self) -> Cell:
        """The cell that the case is one of."""
        return Cell(*self.unit, self.claim)

    @property
    def size(self) -> int:
        """The bytes of its answers as they are written."""
        return sum(len(buffer) for answer in self.answers for buffer in answer["buffers"])


def read(path: Path) -> list[AnsweredCase]:
    """Return the rows of a file; raises ``ValueError`` for one that is no file of answers."""
    try:
        return msgspec.json.decode(lzma.decompress(path.read_bytes()), type=list[AnsweredCase])
    except (msgspec.DecodeError, lzma.LZMAError, EOFError) as error:
        raise ValueError(f"`{path}` is no file of answers: {error}; give a list of rows packed by xz") from None


def write(path: Path, rows: Iterable[AnsweredCase]) -> None:
    """Write rows as a file of answers, the same bytes for the same rows."""
    path.write_bytes(lzma.compress(msgspec.json.encode(list(rows)), preset=9 | lzma.PRESET_EXTREME))


class RowAnswers:
    """The answers of one row, in order, whatever is asked."""

    def __init__(self) -> None:
        self.left: list[dict[str, Any]] = []

    def find(self, _: bytes) -> Told | None:
        """Return the next answer, and None past the last."""
        if not self.left:
            return None
        answer = self.left.pop(0)
        return {"answer": answer["header"]}, [memoryview(base64.b64decode(buffer)) for buffer in answer["buffers"]]

    def place(self, _: bytes) -> str:
        """Return what the answers are of."""
        return "a row of answers"


@dataclass(frozen=True)
class AnsweredCell:
    """What answers of one cell show: values compared, outside, and those that no ledger entry explains.

    ``shown`` are the entries that explain some of them, ``unshown`` those that speak of the cell and explain none.
    ``unanswered`` are rows that lack an answer.
    """

    cell: Cell
    rows: int
    values: int
    outside: int
    unexplained: int
    shown: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    first: str = ""
    unanswered: int = 0


@dataclass(frozen=True)
class CellAnswers:
    """The rows of one cell, and what judges them with one version of torch."""

    rows: tuple[AnsweredCase, ...]
    version: str

    @property
    def cell(self) -> Cell:
        """The cell."""
        return self.rows[0].cell

    @property
    def claim(self) -> Property:
        """The property; raises ``ValueError`` where there is none of that name."""
        found = next((claim for claim in PROPERTIES if claim.identifier == self.cell.property), None)
        if found is None:
            raise ValueError(f"a row is of the property `{self.cell.property}`, which no optimizer's formula has")
        return found

    @functools.cached_property
    def subject(self) -> WorkerSubject:
        """The subject as its entry declares it."""
        return subject_of(self.cell)

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What the ledger knows of the cell."""
        return tuple(entry for entry in named(OPTIMIZERS) if entry.matches(self.cell, self.version))

    def judged(self) -> AnsweredCell:
        """Judge every row: as declared first, then under what the ledger knows."""
        found = [self.judged_row(row) for row in self.rows]
        shown = {name for row in found for name in row.shown}
        return AnsweredCell(
            self.cell,
            len(found),
            sum(row.values for row in found),
            sum(row.outside for row in found),
            sum(row.unexplained for row in found),
            tuple(sorted(shown)),
            tuple(entry.identifier for entry in self.entries if entry.identifier not in shown),
            next((row.first for row in found if row.first), ""),
            sum(row.unanswered for row in found),
        )

    def judged_row(self, row: AnsweredCase) -> AnsweredCell:
        """Judge one row of the cell."""
        entries = self.entries
        try:
            strict = self._tally(self.subject, row)
        except NotAsked:
            return AnsweredCell(self.cell, 1, 0, 0, 0, unanswered=1)
        if not strict.failures:
            return AnsweredCell(self.cell, 1, strict.values, 0, 0)
        shown = tuple(entry.identifier for entry in entries if not self._left(row, (entry,)).failures)
        left = self._left(row, entries)
        told = [f"{failure.told}: {failure.value!r}, legal {failure.legal}" for failure in left.failures]
        figures = (strict.values, strict.outside, left.outside)
        return AnsweredCell(self.cell, 1, *figures, shown, first=next(iter(told), ""))

    def part(self, most: int) -> list[AnsweredCase]:
        """Return the smallest rows, of at most so many bytes together, and one that shows each entry that any shows."""
        kept, missing = list[AnsweredCase](), {entry.identifier for entry in self.entries}
        for row in sorted(self.rows, key=lambda row: row.size):
            room = sum(other.size for other in kept) + row.size <= most
            if not (room or missing):
                break
            shown = missing.intersection(self.judged_row(row).shown) if missing else set()
            missing -= shown
            if room or shown:
                kept.append(row)
        return kept

    def smallest(self, entry: Entry) -> AnsweredCase | None:
        """Return the smallest row that shows an entry, with the one element that does where elements stand alone."""
        for row in sorted(self.rows, key=lambda row: row.size):
            if entry.identifier in self.judged_row(row).shown:
                failures = self._tally(self.subject, row).failures
                alone = (one_element(self.subject, row, failure) for failure in failures)
                shown = (one for one in alone if one and entry.identifier in self.judged_row(one).shown)
                return next(shown, row)
        return None

    def _left(self, row: AnsweredCase, entries: tuple[Entry, ...]) -> Tally:
        """Return what is outside in a row that none of ``entries`` explains."""
        if any(not (entry.observed or entry.narrows) for entry in entries):
            return Tally()
        subject = self.subject
        for entry in entries:
            subject = subject.beside(entry)
        if not _within(subject, self.claim.kind.read(row.case)):
            return Tally()
        left, told = Tally(), self._tally(subject, row)
        observed = [entry for entry in entries if entry.observed]
        for failure in told.failures:
            if not any(is_known(entry, failure) for entry in observed):
                left.fail(failure)
        return left

    def _tally(self, subject: WorkerSubject, row: AnsweredCase) -> Tally:
        tally = Tally()
        cast("RowAnswers", cast("AnsweredSession", subject.session).answers).left = list(row.answers)
        self.claim.run(subject, self.claim.kind.read(row.case), tally, PLAN)
        return tally


def one_element(subject: WorkerSubject, row: AnsweredCase, failure: Outside) -> AnsweredCase | None:
    """Return the row of one element of one step, with its part of the answer, where elements stand alone."""
    case = failure.case
    rule = subject.rules[case.switches]
    if not rule.elementwise or case.steps > 1 or len(row.answers) > 1:
        return None
    item = prepare(case, rule, subject.storage)[failure.tensor]
    given = {
        name: value if value.size == 1 else value[failure.place : failure.place + 1]
        for name, value in item.values.items()
    }
    given[GRADIENT] = item.gradients[0][failure.place : failure.place + 1]
    values = {name: tuple(float(number) for number in value) for name, value in given.items()}
    tensor = TensorCase((1,) * max(1, rule.ranks[0]), item.count, values=values)
    group = GroupCase(case.groups[item.group].hyperparameters, (tensor,))
    answer, tensors = row.answers[0], [one for group in case.groups for one in group.tensors]
    size = tensors[failure.tensor].elements
    each = len(answer["buffers"]) // len(tensors)
    own = answer["buffers"][failure.tensor * each : (failure.tensor + 1) * each]
    parts = [_element(buffer, failure.place, size, subject.storage) for buffer in own]
    header = {**answer["header"], "counts": [[answer["header"]["counts"][0][failure.tensor]]]}
    alone = dataclasses.replace(case, groups=(group,))
    return AnsweredCase(row.unit, row.claim, RULE.write(alone), [{"header": header, "buffers": parts}])


def _element(buffer: str, place: int, size: int, storage: Format) -> str:
    """Return the bytes of one element of a tensor; a number for the whole tensor stays as it is."""
    data = base64.b64decode(buffer)
    if size == 1 or len(data) < size * storage.dtype.itemsize:
        return buffer
    width = len(data) // size
    return base64.b64encode(data[place * width : (place + 1) * width]).decode()


def subject_of(cell: Cell) -> WorkerSubject:
    """Return the subject of a cell of torch, which answers from rows; raises ``ValueError`` where there is none."""
    try:
        implementation = next(item for item in CATALOGUE if item.identifier == cell.implementation)
        path = implementation.path(cell.path, cell.device)
    except (StopIteration, KeyError):
        raise ValueError(
            f"the catalogue has no path `{cell.path}` of `{cell.implementation}` on {cell.device}"
        ) from None
    session = AnsweredSession(RowAnswers(), None)
    return worker_subject(implementation, path, cell.device, FORMATS[cell.dtype], session)


def cells(rows: Iterable[AnsweredCase], version: str) -> Iterator[CellAnswers]:
    """Yield the rows cell by cell, in the order in which the cells first come."""
    found: dict[Cell, list[AnsweredCase]] = {}
    for row in rows:
        found.setdefault(row.cell, []).append(row)
    for of_cell in found.values():
        yield CellAnswers(tuple(of_cell), version)


def _within(subject: WorkerSubject, case: Case) -> bool:
    """Tell whether the settings and the dimensions of a case are some that are judged."""
    rule = subject.rules[case.switches]
    domains = {item.symbol.name: item.domain for item in rule.hyperparameters}
    settings = (group.hyperparameters for group in case.groups)
    low, high = rule.ranks
    ranks = all(low <= len(tensor.shape) <= high for group in case.groups for tensor in group.tensors)
    return ranks and all(value in domains[name] for given in settings for name, value in given.items())
