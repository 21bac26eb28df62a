"""Judges units from answers that came back: the same engine, with another session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance import claims
from conformance.distance.answers import AnsweredSession, Answers
from conformance.distance.planning import part_of
from conformance.distance.questions import Questions
from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Done, Judged

COMPLAINTS = "complaints"
_READ: dict[tuple[Path, ...], Answers] = {}
"""The answers of this process, which are read once."""


@dataclass(frozen=True)
class FromAnswers:
    """What a process does with each unit: it judges what was answered in ``folders``.

    Beside the answers that no worker gives, what was not asked is noted in ``notes`` where it ``asks_further``.
    """

    folders: tuple[Path, ...]
    notes: Path
    asks_further: bool = False

    def __call__(self, unit: Unit, done: Mapping[str, Done]) -> Iterator[Judged | Exhibit]:
        """Yield the cells of a unit, and what the report shows besides."""
        with self.session(unit) as session:
            yield from claims.judge(unit, done, session=session)

    def session(self, unit: Unit, what: str = "") -> AnsweredSession:
        """Return what answers the questions of a unit; ``what`` tells apart sessions that note for the same one."""
        if self.folders not in _READ:
            _READ[self.folders] = Answers(self.folders)
        questions = None
        if self.asks_further:
            questions = Questions(self.notes / f"{part_of(unit.label)}{what}", unit.timeout, unit.memory)
        return AnsweredSession(_READ[self.folders], self.notes / COMPLAINTS, questions)

    def complaints(self) -> list[str]:
        """Return what was wrong with answers, each once."""
        path = self.notes / COMPLAINTS
        return list(dict.fromkeys(path.read_text().splitlines())) if path.exists() else []
