"""Somebody's own level of a claim is that of its cells, findings and causes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.claims import at_chosen
from conformance.commands.gate_parts import _levels
from conformance.commands.usage_errors import UsageError
from conformance.diagnosis.causes import causes
from conformance.engine.verdict import Cell, CellResult, Finding, Level, Verdict
from conformance.optimizers.subject import WorkerSubject
from tests.conformance.fake_units import FakeUnit

CELL = Cell("a:B", "default", "cpu", "float32", "state/round-trip")


def finding(value: str) -> Finding:
    """Return a finding of a clause, with a value."""
    case = {"kind": "clause", "stored": {}}
    return Finding("f1", CELL, "", "theta", "", "", "", case, ("0", "1"), ("", ""), value, "", "", "", "", "", "")


def nobody(cell: Cell) -> WorkerSubject:
    """Stand for no subject: nothing runs, and nobody knows a place."""
    raise LookupError(cell)


@pytest.mark.parametrize("level", list(Level))
def test_a_chosen_level_is_that_of_the_cell_and_its_findings(level: Level) -> None:
    """A unit for whose claim nobody chose one changes nothing."""
    result = CellResult(CELL, Verdict.FAIL, findings=(finding("2"),))
    unit = FakeUnit("a", (CELL.property,))
    assert at_chosen(unit, result) == result
    chosen = at_chosen(replace(unit, levels={CELL.property: level}), result)
    assert {chosen.level, *(found.level for found in chosen.findings)} == {level}
    assert (chosen.shown is Verdict.FAIL) == (level is Level.MUST)
    (cause,) = causes([chosen], nobody)
    assert cause.level is level


def test_a_pattern_chooses_the_level_of_properties_that_there_are() -> None:
    """Those of a chapter are all of it; a pattern that names none is an error with the nearest."""
    chosen = _levels({"state/*": "should"})
    assert set(chosen.values()) == {Level.SHOULD}
    assert CELL.property in chosen
    assert all(name.startswith("state/") for name in chosen)
    with pytest.raises(UsageError, match="there is no property `stat/round-trip`; did you mean"):
        _levels({"stat/round-trip": "must"})
