"""The results of a report as they are written: what many cells share stands once, and scripts stand beside it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from conformance.engine.exhibits import AssignmentEntry
from conformance.engine.verdict import Cell, CellResult, Crash, Figures, Finding, Level, Verdict
from conformance.report.model import MutantEntry, RuleEntry, VariantEntry

T = TypeVar("T", bound=Hashable)
FAILURES = "failures"
"""The folder, beside the report, of cases and scripts."""


@dataclass(frozen=True)
class WrittenFinding:
    """A finding of the cell in which it stands; ``script`` is a path, of which ``files`` has the hash."""

    identifier: str
    sentence: str
    quantity: str
    assignment: str
    formula_text: str
    formula_mathml: str
    case: dict[str, Any]
    legal: tuple[str, str]
    legal_hex: tuple[str, str]
    value: str
    value_hex: str
    distance: str
    confirmed: str
    explanation: str
    script: str
    replay: str
    level: Level


@dataclass(frozen=True)
class Subject:
    """What a cell is of: a path of an implementation on a device, in a format."""

    implementation: str
    path: str
    device: str
    dtype: str


@dataclass(frozen=True)
class WrittenResult:
    """The verdict on one cell, that of a property of a subject.

    ``subject``, ``reason``, ``figures``, ``profile`` and ``digest`` are places in the tables of these.
    """

    subject: int
    property: str
    verdict: Verdict
    reason: int
    figures: int
    profile: int
    digest: int
    findings: tuple[WrittenFinding, ...]
    deviation: str
    further: tuple[str, ...]
    crash: Crash | None
    level: Level


@dataclass(frozen=True)
class WrittenVariant:
    """A rule with its options chosen; ``program`` and ``mutants`` are places in the tables of lines and mutants."""

    name: str
    options: dict[str, str]
    program: tuple[int, ...]
    mutants: tuple[int, ...]


@dataclass(frozen=True)
class Tables:
    """The results, the variants of each rule in the order of the rules, and what these share.

    ``files`` has the SHA-256 of each file beside the report, by its path.
    """

    results: tuple[WrittenResult, ...]
    subjects: tuple[Subject, ...]
    reasons: tuple[str, ...]
    figures: tuple[Figures, ...]
    profiles: tuple[str, ...]
    digests: tuple[str, ...]
    variants: tuple[tuple[WrittenVariant, ...], ...]
    lines: tuple[AssignmentEntry, ...]
    mutants: tuple[MutantEntry, ...]
    files: dict[str, str]


class _Table(Generic[T]):
    """Different values in the order in which they come, each once."""

    def __init__(self) -> None:
        self.places: dict[T, int] = {}

    def place(self, value: T) -> int:
        """Return the place of a value, which is added where it is new."""
        return self.places.setdefault(value, len(self.places))


def script_path(finding: Finding) -> str:
    """Return where the script of a finding stands, from the report's folder."""
    return f"{FAILURES}/{finding.identifier}.py"


def script_bytes(finding: Finding) -> bytes:
    """Return a script as its file holds it: what UTF-8 cannot hold is escaped."""
    return finding.script.encode("utf-8", "backslashreplace")


def tables_of(results: tuple[CellResult, ...], rules: tuple[RuleEntry, ...]) -> Tables:
    """Return results, and the variants of rules, as they are written."""
    subjects, reasons, figures = _Table[Subject](), _Table[str](), _Table[Figures]()
    profiles, digests = _Table[str](), _Table[str]()
    lines, mutants = _Table[AssignmentEntry](), _Table[MutantEntry]()
    written = tuple(
        WrittenResult(
            subjects.place(Subject(cell.implementation, cell.path, cell.device, cell.dtype)),
            cell.property,
            result.verdict,
            reasons.place(result.reason),
            figures.place(result.figures),
            profiles.place(result.profile),
            digests.place(result.digest),
            tuple(_written(finding) for finding in result.findings),
            result.deviation,
            result.further,
            result.crash,
            result.level,
        )
        for result in results
        for cell in [result.cell]
    )
    variants = tuple(
        tuple(
            WrittenVariant(
                variant.name,
                variant.options,
                tuple(map(lines.place, variant.program)),
                tuple(map(mutants.place, variant.mutants)),
            )
            for variant in rule.variants
        )
        for rule in rules
    )
    files = {
        script_path(finding): hashlib.sha256(script_bytes(finding)).hexdigest()
        for result in results
        for finding in result.findings
        if finding.script
    }
    return Tables(
        results=written,
        subjects=tuple(subjects.places),
        reasons=tuple(reasons.places),
        figures=tuple(figures.places),
        profiles=tuple(profiles.places),
        digests=tuple(digests.places),
        variants=variants,
        lines=tuple(lines.places),
        mutants=tuple(mutants.places),
        files=files,
    )


def _written(finding: Finding) -> WrittenFinding:
    fields = {item.name: getattr(finding, item.name) for item in dataclasses.fields(WrittenFinding)}
    return WrittenFinding(**{**fields, "script": script_path(finding) if finding.script else ""})


def variants_of(tables: Tables) -> tuple[tuple[VariantEntry, ...], ...]:
    """Return the variants of each rule that were written."""
    return tuple(
        tuple(
            VariantEntry(
                item.name,
                item.options,
                tuple(tables.lines[place] for place in item.program),
                tuple(tables.mutants[place] for place in item.mutants),
            )
            for item in variants
        )
        for variants in tables.variants
    )


def results_of(tables: Tables, folder: Path) -> tuple[CellResult, ...]:
    """Return the results that were written beside their scripts in ``folder``.

    Raises ``ValueError`` for a script that is not the one of the report.
    """
    return tuple(
        CellResult(
            cell,
            item.verdict,
            tables.reasons[item.reason],
            tables.figures[item.figures],
            tables.profiles[item.profile],
            tuple(_read(finding, cell, tables, folder) for finding in item.findings),
            item.deviation,
            item.further,
            tables.digests[item.digest],
            crash=item.crash,
            level=item.level,
        )
        for item in tables.results
        for of in [tables.subjects[item.subject]]
        for cell in [Cell(of.implementation, of.path, of.device, of.dtype, item.property)]
    )


def _read(finding: WrittenFinding, cell: Cell, tables: Tables, folder: Path) -> Finding:
    fields = {item.name: getattr(finding, item.name) for item in dataclasses.fields(finding)}
    if finding.script:
        script = (folder / finding.script).read_bytes()
        if hashlib.sha256(script).hexdigest() != tables.files[finding.script]:
            raise ValueError(f"`{folder / finding.script}` is not the script of the report; write the report anew")
        fields["script"] = script.decode()
    return Finding(cell=cell, **fields)
