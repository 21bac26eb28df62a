"""Reads a baseline, or the record of a report, from its file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.baseline.record import NAME, VERSION, CauseRecord, CellRecord, PowerRecord, RunRecord, record_of
from conformance.engine.verdict import Cause, Cell, CellResult, Level, Verdict
from conformance.report.difference import ScopeEntry
from conformance.report.model import (
    SCHEMA_NAME,
    DeviationEntry,
    ImplementationEntry,
    MutantEntry,
    PropertyEntry,
    Report,
    RuleEntry,
    VariantEntry,
)


class BaselineError(Exception):
    """A file is no baseline, or one that a run cannot be held against; the message says why and what to do."""


class _Cell(msgspec.Struct):
    """A ``CellRecord`` as a file has it: its cell is five names."""

    cell: tuple[str, str, str, str, str]
    verdict: Verdict
    level: Level = Level.MUST
    cases: int = 0
    element_cases: int = 0
    outside: int = 0
    ratio: float | None = None
    digest: str = ""
    causes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()


class _Baseline(msgspec.Struct):
    suite_version: str
    seed: int
    budget: float
    environment: dict[str, str]
    scope: tuple[ScopeEntry, ...]
    cells: tuple[_Cell, ...]
    causes: tuple[CauseRecord, ...]
    power: tuple[PowerRecord, ...]
    stale: tuple[str, ...]
    observed: dict[str, int]
    strict: bool = False


class _Variant(msgspec.Struct):
    name: str
    options: dict[str, str]
    mutants: tuple[MutantEntry | int, ...]


class _Rule(msgspec.Struct):
    """A rule, whose variants have the places of their mutants among its own, or before version 7 the mutants."""

    name: str
    variants: tuple[_Variant, ...]
    mutants: tuple[MutantEntry, ...] = ()

    def of(self, variant: _Variant) -> tuple[MutantEntry, ...]:
        """Return the mutants of a variant; raises ``msgspec.ValidationError`` where it has a place beyond the list."""
        beyond = [one for one in variant.mutants if isinstance(one, int) and not 0 <= one < len(self.mutants)]
        if beyond:
            raise msgspec.ValidationError(f"`{self.name}` has {len(self.mutants)} mutants, and none at {beyond[0]}")
        return tuple(self.mutants[one] if isinstance(one, int) else one for one in variant.mutants)


class _Report(msgspec.Struct):
    """What a record needs of a report's JSON, of this version of its schema or of an older one."""

    suite_version: str
    seed: int
    budget: float
    environment: dict[str, str]
    results: tuple[CellResult, ...]
    rules: tuple[_Rule, ...]
    properties: tuple[PropertyEntry, ...]
    implementations: tuple[ImplementationEntry, ...]
    deviations: tuple[DeviationEntry, ...]
    causes: tuple[Cause, ...] = ()
    strict: bool = False
    cut_short: bool = False
    scope: tuple[ScopeEntry, ...] = ()


class _DocumentHead(msgspec.Struct):
    schema: str
    schema_version: int


def read(path: Path, *, reports: bool = True) -> RunRecord:
    """Return the record in a file, which is a baseline or, where ``reports`` are read too, the JSON of a report.

    Raises ``BaselineError`` for a file that is not there or is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BaselineError(f"`{path}` cannot be read: {error.strerror}; give a baseline or a report.json") from None
    try:
        head = msgspec.json.decode(data, type=_DocumentHead)
        if head.schema == NAME and head.schema_version <= VERSION:
            return _record(msgspec.json.decode(data, type=_Baseline))
        if head.schema == SCHEMA_NAME and reports:
            return record_of(_report(msgspec.json.decode(data, type=_Report)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BaselineError(f"`{path}` is no baseline and no report.json: {error}") from None
    said = f"it says `{head.schema}`, version {head.schema_version}"
    raise BaselineError(f"`{path}` is no baseline of version {VERSION} and no report.json: {said}")


def _record(held: _Baseline) -> RunRecord:
    fields = [name for name in _Cell.__struct_fields__ if name != "cell"]
    cells = [CellRecord(Cell(*item.cell), *(getattr(item, name) for name in fields)) for item in held.cells]
    return RunRecord(
        held.suite_version,
        held.seed,
        held.budget,
        held.strict,
        held.environment,
        held.scope,
        {item.cell: item for item in cells},
        {item.fingerprint: item for item in held.causes},
        {item.variant: item for item in held.power},
        held.stale,
        held.observed,
    )


def _report(held: _Report) -> Report:
    """Return as much of a report as its record needs."""
    rules = tuple(
        RuleEntry(
            rule.name,
            "",
            "",
            (),
            (),
            (),
            tuple(VariantEntry(v.name, v.options, (), rule.of(v)) for v in rule.variants),
            (),
        )
        for rule in held.rules
    )
    return Report(
        held.suite_version,
        "",
        held.seed,
        round(held.budget),
        held.environment,
        rules,
        held.properties,
        held.implementations,
        held.results,
        held.deviations,
        cut_short=held.cut_short,
        strict=held.strict,
        causes=held.causes,
        scope=held.scope,
    )
