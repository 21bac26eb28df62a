"""Against a baseline the formats are red for what is new, and for nothing else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from junitparser import JUnitXml

from conformance.baseline.comparison import compare, known
from conformance.baseline.record import record_of
from conformance.engine.verdict import Verdict
from conformance.report import model
from conformance.report.difference import BaselineEntry, BaselineStatus
from conformance.report.gates import weighed
from conformance.report.model import Outcome
from tests.exchange.example_reports import cell, failing, red, report, written


def against(before: model.Report, now: model.Report) -> model.Report:
    """Return a report held against an earlier one."""
    one, other = record_of(before), record_of(now)
    entry = BaselineEntry("baseline.json", BaselineStatus.COMPARED, known(one, other), compare(one, other))
    return weighed(dataclasses.replace(now, baseline=entry))


def signs(whole: model.Report, folder: Path) -> dict[str, bool]:
    """Return for each format whether it says that the run does not conform."""
    output = written(whole, folder, "annotations", "badge", "ctrf", "in-toto", "junit")
    junit = JUnitXml.fromstring((folder / "junit.xml").read_bytes())
    predicate = json.loads((folder / "in-toto.json").read_text())["predicate"]
    return {
        "annotations": "::error " in output.printed,
        "badge": json.loads((folder / "badge.json").read_text())["isError"],
        "ctrf": json.loads((folder / "ctrf.json").read_text())["results"]["summary"]["failed"] > 0,
        "in-toto": predicate["result"] == "FAILED" and bool(predicate["failedTests"]),
        "junit": junit.failures + junit.errors > 0,
    }


def test_what_the_baseline_knows_is_red_nowhere(tmp_path: Path) -> None:
    """Every cell of a red run is known: failed, undecided and in error."""
    whole = against(red(), red())
    assert whole.outcome is Outcome.CONFORMS
    assert signs(whole, tmp_path) == dict.fromkeys(signs(red(), tmp_path), False)
    assert set(signs(red(), tmp_path).values()) == {True}


def test_a_new_failure_is_red_everywhere(tmp_path: Path) -> None:
    """It alone is: what was known is a warning, a notice, an unchanged result."""
    new = failing(cell("groups/late"), identifier="3333333333", assignment="")
    now = dataclasses.replace(red(), results=(*red().results, new))
    whole = against(red(), now)
    assert whole.outcome is Outcome.DOES_NOT_CONFORM
    assert set(signs(whole, tmp_path).values()) == {True}
    junit = JUnitXml.fromstring((tmp_path / "junit.xml").read_bytes())
    failed = [case.name for suite in junit for case in suite if any("failure" in r._elem.tag for r in case.result)]
    assert failed == ["groups/late"]
    path = written(whole, tmp_path, "sarif").paths[0]
    results = json.loads(path.read_text())["runs"][0]["results"]
    assert [(r["ruleId"], r["baselineState"]) for r in results] == [
        ("groups/late", "new"),
        ("adam/update", "unchanged"),
        ("hyperparameters/refused", "unchanged"),
    ]
    commands = written(whole, tmp_path, "annotations").printed.splitlines()
    assert [line.partition(" ")[0] for line in commands] == ["::error", "::notice", "::notice", "::notice"]


@pytest.mark.parametrize("name", ["a/undecided", "a/error", "a/ours"])
def test_a_cell_that_stopped_running_is_red_everywhere(name: str, tmp_path: Path) -> None:
    """What passed before and is not judged any more is seen in each."""
    before = [dataclasses.replace(r, verdict=Verdict.PASS) for r in red().results if r.cell.property == name]
    now = [r for r in red().results if r.cell.property == name]
    whole = against(report([*before, failing(cell())]), report([*now, failing(cell())]))
    assert whole.outcome is Outcome.NOT_JUDGED
    assert set(signs(whole, tmp_path).values()) == {True}
