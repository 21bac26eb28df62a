"""A compact record of a run, frozen in a file that version control compares line by line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conformance.engine.verdict import Cause, Cell, CellResult, Level, Verdict
from conformance.report.difference import ScopeEntry
from conformance.report.fingerprints import fingerprints
from conformance.report.gates import IN_FORCE, gates
from conformance.report.model import Report, VariantEntry

NAME, VERSION = "stepproof-baseline", 1
"""How a record calls itself, and the version of its fields."""
COUNTED = frozenset({"claims", "forms", "experiments", "training", "searches"})
"""Gates of which a record knows how much they counted; of others it has the cells, mutants and deviations.

A target of which nothing could be judged is known to none: it may be another one.
"""
_NUMBER = re.compile(r"0x[0-9a-f]+|\d[\d.]*(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class CellRecord:
    """A cell: verdict, level, how hard it was tested, and what it shows; ``digest`` is a hash of its cases."""

    cell: Cell
    verdict: Verdict
    level: Level = Level.MUST
    cases: int = 0
    element_cases: int = 0
    outside: int = 0
    ratio: float | None = None
    digest: str = ""
    causes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class CauseRecord:
    """A cause; ``case`` names its finding in the report that it is of, and is not kept."""

    fingerprint: str
    implementation: str
    title: str = ""
    level: Level = Level.MUST
    case: str = ""

    def is_called_as(self, other: CauseRecord) -> bool:
        """Tell whether the same is wrong of both, whatever numbers were seen.

        What an exception says, and which of several findings of what only should hold comes first, tells nothing.
        """
        told = self.level is Level.MUST and not self.title.startswith("it raises ")
        return not told or _NUMBER.sub("#", self.title) == _NUMBER.sub("#", other.title)


@dataclass(frozen=True)
class PowerRecord:
    """The formula mutants of a variant: how many were killed, and which live, by the profile found or against it."""

    variant: str
    killed: int = 0
    equivalent: int = 0
    survived: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """A run: what it was asked, with what, and what came of it."""

    suite_version: str
    seed: int
    budget: float
    strict: bool
    environment: dict[str, str]
    scope: tuple[ScopeEntry, ...]
    cells: dict[Cell, CellRecord]
    causes: dict[str, CauseRecord] = field(default_factory=dict)
    power: dict[str, PowerRecord] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    """Deviations that no longer showed."""
    observed: dict[str, int] = field(default_factory=dict)
    """What each of the gates ``COUNTED`` counted."""
    cut_short: bool = False

    def budget_of(self, implementation: str) -> float:
        """Return how hard an implementation was tested, in seconds."""
        return next((part.budget for part in self.scope if implementation in part.implementations), self.budget)

    def covers(self, cell: Cell) -> bool:
        """Tell whether a cell was asked for."""
        return any(part.covers(cell) for part in self.scope)


def record_of(report: Report) -> RunRecord:
    """Return the record of a report."""
    causes = _known_by(report)
    explained: dict[Cell, list[str]] = {}
    for known_by, cause in causes.items():
        for cell in cause.explains:
            explained.setdefault(cell, []).append(known_by)
    return RunRecord(
        report.suite_version,
        report.seed,
        max(part.budget for part in report.scope) if report.scope else report.budget,
        report.strict,
        dict(report.environment),
        report.scope or tuple(_scope(report)),
        {r.cell: _cell(r, explained.get(r.cell, [])) for r in report.results},
        {name: CauseRecord(name, c.implementation, c.title, c.level, c.case) for name, c in causes.items()},
        {name: _power(name, variant) for name, variant in _variants(report)},
        tuple(sorted(entry.identifier for entry in report.deviations if entry.status != IN_FORCE)),
        {gate.name: gate.observed for gate in gates(report) if gate.name in COUNTED},
        report.cut_short,
    )


def _scope(report: Report) -> Iterator[ScopeEntry]:
    """Yield what a report was asked for, as far as its cells say so, where it does not say it itself."""
    names = tuple(sorted(item.identifier for item in report.implementations))
    properties = tuple(sorted(item.identifier for item in report.properties))
    for device in sorted({r.cell.device for r in report.results}):
        dtypes = tuple(sorted({r.cell.dtype for r in report.results if r.cell.device == device}))
        yield ScopeEntry(names, device, dtypes, properties, (), report.budget)


def _cell(result: CellResult, causes: Iterable[str]) -> CellRecord:
    figures = result.figures
    return CellRecord(
        result.cell,
        result.verdict,
        result.level,
        figures.cases,
        figures.element_cases,
        figures.outside,
        figures.largest_ratio,
        result.digest[:12],
        tuple(sorted(causes)),
        tuple(sorted(name for name in (result.deviation, *result.further) if name)),
    )


def _variants(report: Report) -> Iterator[tuple[str, VariantEntry]]:
    for rule in report.rules:
        for variant in rule.variants:
            yield f"{rule.name}: {variant.name}", variant


def _power(name: str, variant: VariantEntry) -> PowerRecord:
    counts = Counter(mutant.status for mutant in variant.mutants)
    spared = tuple(sorted(m.name for m in variant.mutants if m.status == "spared"))
    settled = {"killed", "equivalent", "spared"}
    survived = tuple(sorted(m.name for m in variant.mutants if m.status not in settled))
    return PowerRecord(name, counts["killed"], counts["equivalent"], survived, spared)


def _known_by(report: Report) -> dict[str, Cause]:
    """Return the causes of a report, each with what it is known by in every run."""
    findings = {finding.identifier: finding for result in report.results for finding in result.findings}
    return dict(zip(fingerprints(report.causes, findings), report.causes, strict=True))


def text_of(record: RunRecord) -> str:
    """Return a record as its file has it: sorted, one line for each cell, cause and variant."""
    head: dict[str, Any] = {
        "schema": NAME,
        "schema_version": VERSION,
        "suite_version": record.suite_version,
        "seed": record.seed,
        "budget": record.budget,
        "strict": record.strict,
    }
    lists: dict[str, list[Any]] = {
        "scope": sorted(map(_plain, record.scope), key=json.dumps),
        "cells": [_plain(held) for _, held in sorted(record.cells.items())],
        "causes": [_plain(held) for _, held in sorted(record.causes.items())],
        "power": [_plain(held) for _, held in sorted(record.power.items())],
        "stale": sorted(record.stale),
    }
    maps: dict[str, dict[str, Any]] = {
        "environment": dict(record.environment),
        "observed": {name: count for name, count in record.observed.items() if count},
    }
    lines = [f"{_json(name)}: {_json(value)}" for name, value in head.items()]
    lines += [f"{_json(name)}: {_block('{}', _pairs(held))}" for name, held in maps.items()]
    lines += [f"{_json(name)}: {_block('[]', map(_json, held))}" for name, held in lists.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _pairs(held: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_json(name)}: {_json(value)}" for name, value in sorted(held.items()))


def _block(ends: str, lines: Iterable[str]) -> str:
    inside = ",\n".join(lines)
    return f"{ends[0]}\n{inside}\n{ends[1]}" if inside else ends


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _plain(held: Any) -> dict[str, Any]:
    """Return a part of a record as JSON has it: a cell as its five names, and nothing that is empty."""
    plain: dict[str, Any] = msgspec.to_builtins(held)
    if isinstance(held, CellRecord):
        cell = held.cell
        plain["cell"] = [cell.implementation, cell.path, cell.device, cell.dtype, cell.property]
    if isinstance(held, CauseRecord):
        del plain["case"]
    return {name: value for name, value in plain.items() if value not in (None, "", [], 0, (), "must")}
