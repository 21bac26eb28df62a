"""The stream of a run: each cell is appended to a file as it is judged, from which a run resumes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged, Spent
from conformance.engine.runs import Listener, UnitResult
from conformance.engine.verdict import CellResult

NAME = "verdicts.jsonl"
HASH = re.compile("[0-9a-f]{10}")
MOST_TOLD = 3
"""So many units, or versions, that differ are told of another run."""


class ResumeError(Exception):
    """A run cannot go on from what is there; the message says why and what to do."""


class _Line(msgspec.Struct, omit_defaults=True):
    """One line: what the run is, a cell with what it killed, or the end of a unit."""

    run: dict[str, Any] | None = None
    asked: list[str] = []
    shard: tuple[int, int] | None = None
    unit: str = ""
    implementation: str = ""
    path: str = ""
    device: str = ""
    dtype: str = ""
    property: str = ""
    verdict: str = ""
    result: CellResult | None = None
    killed: dict[str, dict[str, str]] = {}
    exhibits: list[Exhibit] = []
    spent: Spent = Spent()
    finished: bool = False

    def __post_init__(self) -> None:
        """Refuse a result with a finding that is not called by a hash: its files are named so."""
        if self.result is not None:
            named = [finding.identifier for finding in self.result.findings]
            named += [self.result.crash.identifier] if self.result.crash else []
            for identifier in named:
                if not HASH.fullmatch(identifier):
                    raise ValueError(f"{identifier[:99]!r} is no hash, by which files are named")


@dataclass(frozen=True)
class Streamed:
    """What a stream holds: of which run it is, what was asked for, which shard it is, and its lines by unit."""

    path: Path
    run: Mapping[str, Any]
    asked: tuple[str, ...]
    shard: tuple[int, int] | None
    units: Mapping[str, tuple[_Line, ...]]

    def result(self, label: str) -> UnitResult:
        """Return what it holds of a unit; one of which it has nothing is not whole."""
        return _result(self.units.get(label, ()))


def _result(lines: Sequence[_Line]) -> UnitResult:
    result = UnitResult()
    for line in lines:
        if line.result is not None:
            result.add(Judged(line.result, line.killed, tuple(line.exhibits), line.spent))
        elif line.finished:
            result.exhibits += line.exhibits
            result.whole = True
    return result


def streamed(path: Path) -> Streamed:
    """Return what a stream holds; raises ``OSError`` and ``ValueError``, whose message says why it is none."""
    lines = _lines(path)
    begun = next((line for line in lines if line.run is not None), _Line())
    if begun.run is None:
        raise ValueError("it does not say what run it is of")
    units: dict[str, list[_Line]] = {}
    for line in lines:
        if line.unit:
            units.setdefault(line.unit, []).append(line)
    whole = {label: tuple(mine) for label, mine in units.items()}
    return Streamed(path, begun.run, tuple(begun.asked), begun.shard, whole)


def _lines(path: Path) -> list[_Line]:
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]  # a cell whose line was cut off is judged again
    return [msgspec.json.decode(line, type=_Line) for line in whole.splitlines()]


class Stream(Listener):
    """Appends to the stream in a folder; ``identity`` says what is judged, how hard, and by what.

    ``asked`` are the words of the command, and ``shard`` says which part of the run it is.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, Any], asked: Sequence[str] = (), shard: tuple[int, int] | None = None
    ) -> None:
        self.path = folder / NAME
        self.identity = dict(identity)
        self.begun = _Line(run=self.identity, asked=list(asked), shard=shard)
        self.kept: list[_Line] = []
        self.file: IO[bytes] | None = None
        self.lost = ""
        """Why further cells are not kept, where that came to be: they are in the report all the same."""

    def __enter__(self) -> Self:
        kept = self.kept or [self.begun]
        beside = self.path.with_name(f".{NAME}.kept")  # what is there is lost at no moment
        beside.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
        beside.replace(self.path)
        self.file = self.path.open("ab", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        file, self.file = self.file, None
        if file is not None:
            file.close()

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Append one cell."""
        cell = judged.result.cell
        line = _Line(
            unit=unit.label,
            implementation=cell.implementation,
            path=cell.path,
            device=cell.device,
            dtype=cell.dtype,
            property=cell.property,
            verdict=str(judged.result.verdict),
            result=judged.result,
            killed={label: dict(names) for label, names in judged.killed.items()},
            exhibits=list(judged.exhibits),
            spent=judged.spent,
        )
        self._write(line)

    def finished(self, unit: Unit, exhibits: Sequence[Exhibit]) -> None:
        """Append the end of a unit."""
        self._write(_Line(unit=unit.label, exhibits=list(exhibits), finished=True))

    def _write(self, line: _Line) -> None:
        if self.file is None:
            if not self.lost:
                raise RuntimeError("the stream is written to where it is not open")
            return
        whole = msgspec.json.encode(line) + b"\n"
        try:
            while whole:
                whole = whole[self.file.write(whole) :]
        except OSError as error:  # a line that is not whole is judged again by whoever resumes
            self.lost = f"{self.path.name} has not all cells, which --resume judges again: {error.strerror}"
            self._close()

    def done(self, work: Sequence[Unit]) -> dict[int, UnitResult]:
        """Return what the stream holds of each unit; raises ``ResumeError`` where it is of another run."""
        lines = self._lines()
        first = next((line for line in lines if line.run is not None), None)
        begun = None if first is None else _with_shard(first.run, first.shard)
        now = _with_shard(self.begun.run, self.begun.shard)
        if begun != now:
            raise ResumeError(_difference(self.path, begun, now))
        places = {unit.label: index for index, unit in enumerate(work)}
        lost = {line.unit for line in lines if line.result and line.result.owed}
        self.kept = [line for line in lines if line.run or (line.unit in places and line.unit not in lost)]
        mine: dict[int, list[_Line]] = {}
        for line in self.kept[1:]:
            mine.setdefault(places[line.unit], []).append(line)
        return {place: _result(found) for place, found in mine.items()}

    def joined(self, shards: Mapping[str, Streamed]) -> None:
        """Take over the lines of units from the streams that hold them, by the unit's label."""
        self.kept = [self.begun, *(line for label, held in shards.items() for line in held.units.get(label, ()))]

    def _lines(self) -> Sequence[_Line]:
        try:
            return _lines(self.path)
        except OSError as error:
            raise ResumeError(f"there is nothing to resume in `{self.path.parent}`: {error.strerror}") from None
        except msgspec.MsgspecError as error:
            raise ResumeError(f"`{self.path}` is no stream of verdicts: {error}; run without --resume") from None


def _with_shard(run: Mapping[str, Any] | None, shard: tuple[int, int] | None) -> dict[str, Any]:
    """Return what a run is, with the shard that it is of itself, if any."""
    return {**(run or {}), **({} if shard is None else {"shard": f"{shard[0]}/{shard[1]}"})}


def differing(begun: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is otherwise in another run, each in words."""
    other = []
    for key in dict.fromkeys((*now, *begun)):
        was, is_ = begun.get(key), now.get(key)
        if isinstance(was, dict) and isinstance(is_, dict):
            other += [f"{key}: {said}" for said in differing(was, is_)[:MOST_TOLD]]
        elif was != is_:
            other.append(f"{key} was {_told(was)} and is {_told(is_)}")
    return other


def _told(value: object) -> str:
    return "not there" if value is None else repr(value)


def _difference(path: Path, begun: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if begun is None:
        return f"`{path}` does not say what run it is of; run without --resume"
    other = differing(begun, now)
    return f"`{path}` is of another run: {'; '.join(other)}; give the same, or run without --resume"


__all__ = ["NAME", "ResumeError", "Stream", "Streamed", "differing", "streamed"]
