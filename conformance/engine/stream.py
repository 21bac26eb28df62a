"""The stream of a run: each cell is appended to a file as it is judged, from which a run resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged
from conformance.engine.runs import DIED, Listener, UnitResult
from conformance.engine.verdict import CellResult

NAME = "verdicts.jsonl"


class ResumeError(Exception):
    """A run cannot go on from what is there; the message says why and what to do."""


class _Line(msgspec.Struct, omit_defaults=True):
    """One line: what the run is, a cell with what it killed, or the end of a unit."""

    run: dict[str, Any] | None = None
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
    finished: bool = False


class Stream(Listener):
    """Appends to the stream in a folder; ``identity`` says what is judged, how hard, and by what."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path = folder / NAME
        self.identity = dict(identity)
        self.kept: list[_Line] = []
        self.file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        kept = self.kept or [_Line(run=self.identity)]
        beside = self.path.with_name(f".{NAME}.kept")  # what is there is lost at no moment
        beside.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
        beside.replace(self.path)
        self.file = self.path.open("ab")
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Append one cell."""
        cell = judged.result.cell
        self._write(
            _Line(
                None,
                unit.label,
                cell.implementation,
                cell.path,
                cell.device,
                cell.dtype,
                cell.property,
                str(judged.result.verdict),
                judged.result,
                {label: dict(names) for label, names in judged.killed.items()},
                list(judged.exhibits),
            )
        )

    def finished(self, unit: Unit, exhibits: Sequence[Exhibit]) -> None:
        """Append the end of a unit."""
        self._write(_Line(unit=unit.label, exhibits=list(exhibits), finished=True))

    def _write(self, line: _Line) -> None:
        if self.file is None:
            raise RuntimeError("the stream is written to where it is not open")
        self.file.write(msgspec.json.encode(line) + b"\n")
        self.file.flush()

    def done(self, work: Sequence[Unit]) -> dict[int, UnitResult]:
        """Return what the stream holds of each unit; raises ``ResumeError`` where it is of another run."""
        lines = list(self._lines())
        begun = next((line.run for line in lines if line.run is not None), None)
        if begun != self.identity:
            raise ResumeError(_difference(self.path, begun, self.identity))
        places = {unit.label: index for index, unit in enumerate(work)}
        lost = {line.unit for line in lines if line.result and line.result.reason.startswith(DIED)}
        self.kept = [line for line in lines if line.run or (line.unit in places and line.unit not in lost)]
        found: dict[int, UnitResult] = {}
        for line in self.kept[1:]:
            result = found.setdefault(places[line.unit], UnitResult())
            if line.result is not None:
                result.add(Judged(line.result, line.killed, tuple(line.exhibits)))
            elif line.finished:
                result.exhibits += line.exhibits
                result.whole = True
        return found

    def _lines(self) -> Sequence[_Line]:
        try:
            text = self.path.read_bytes()
        except OSError as error:
            raise ResumeError(f"there is nothing to resume in `{self.path.parent}`: {error.strerror}") from None
        whole = text[: text.rfind(b"\n") + 1]  # a cell whose line was cut off is judged again
        try:
            return [msgspec.json.decode(line, type=_Line) for line in whole.splitlines()]
        except msgspec.MsgspecError as error:
            raise ResumeError(f"`{self.path}` is no stream of verdicts: {error}; run without --resume") from None


def _difference(path: Path, begun: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if begun is None:
        return f"`{path}` does not say what run it is of; run without --resume"
    other = [f"{key} was {begun.get(key)!r} and is {value!r}" for key, value in now.items() if begun.get(key) != value]
    return f"`{path}` is of another run: {'; '.join(other)}; give the same, or run without --resume"


__all__ = ["NAME", "ResumeError", "Stream"]
