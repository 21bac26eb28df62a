"""JUnit XML is read by another tool's reader, and is red where the run is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from conformance.exchange.checks import TOLD_BY_CELLS
from conformance.report import model
from conformance.report.gates import weighed
from conformance.report.model import Outcome
from tests.conformance.test_gates import BREAKS, sound
from tests.exchange.example_reports import HOSTILE, conforming, hostile, read, red


def read_back(whole: model.Report, folder: Path) -> JUnitXml:
    """Return what the reader makes of the document."""
    return JUnitXml.fromstring(read(whole, folder, "junit").encode())


def cases(document: JUnitXml) -> dict[str, object]:
    """Return the cases by their names."""
    return {case.name: case for suite in document for case in suite}


def test_a_cell_is_a_case_and_a_path_in_a_format_a_suite(tmp_path: Path) -> None:
    """Each verdict has its element: failure, error, skipped with its reason, or none."""
    document = read_back(red(), tmp_path)
    suites = [suite.name for suite in document]
    assert suites == ["mypkg.changed:MyAdamW default cpu float32", "gates"]
    found = {name: [type(told) for told in case.result] for name, case in cases(document).items()}
    assert found["agreement/local"] == [Failure]
    assert found["a/passes"] == []
    assert found["a/undecided"] == found["a/error"] == found["a/ours"] == [Error]
    assert found["a/deviates"] == found["a/no"] == found["a/not-run"] == found["hyperparameters/refused"] == [Skipped]
    assert (document.tests, document.failures, document.errors) == (len(found), 2, 3)
    assert next(iter(document)).tests == 10


def test_a_failure_says_its_cause_and_its_case(tmp_path: Path) -> None:
    """The message is the title of the cause that explains the cell, the body its smallest case, legal and got."""
    case = cases(read_back(red(), tmp_path))["agreement/trajectory"]
    (failure,) = case.result
    assert failure.message == "mypkg.changed:MyAdamW: this is adam(epsilon=inside)"
    assert failure.type == "fail"
    for part in ("eta = 1", "legal: [-0.5, -0.25]", "got: -0.75", "update: θ_t", "1111111111.json"):
        assert part in failure.text
    assert "seed" not in failure.text
    assert (case._elem.get("file"), case._elem.get("line")) == ("mypkg/changed.py", "15")


def test_what_only_should_hold_is_a_failure_of_a_strict_run(tmp_path: Path) -> None:
    """Else it is skipped, with its cause as the reason."""
    (lenient,) = cases(read_back(red(), tmp_path))["hyperparameters/refused"].result
    assert isinstance(lenient, Skipped)
    assert (lenient.type, "accepted" in lenient.message) == ("should", True)
    strict = weighed(dataclasses.replace(red(), strict=True))
    (told,) = cases(read_back(strict, tmp_path))["hyperparameters/refused"].result
    assert isinstance(told, Failure)


@pytest.mark.parametrize("name", BREAKS)
def test_a_document_is_red_where_the_run_is(name: str, tmp_path: Path) -> None:
    """Each gate alone turns it: with a failure where the run does not conform, with an error where it is not judged."""
    change, outcome = BREAKS[name]
    green, broken = (read_back(weighed(whole), tmp_path) for whole in (sound(), change(sound())))
    assert (green.failures, green.errors) == (0, 0)
    assert bool(broken.failures) == (outcome is Outcome.DOES_NOT_CONFORM)
    assert bool(broken.errors) == (outcome is Outcome.NOT_JUDGED)
    assert (f"gates {name}" in {f"{s.name} {c.name}" for s in broken for c in s}) == (name not in TOLD_BY_CELLS)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str, tmp_path: Path) -> None:
    """The reader finds as many cases as there are, and no element that code under test wrote."""
    text = read(hostile(HOSTILE[name]), tmp_path, "junit")
    document = read_back(hostile(HOSTILE[name]), tmp_path)
    assert len([case for suite in document if suite.name != "gates" for case in suite]) == 4
    assert len(text) < 200_000
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "<script" not in text


def test_the_same_report_gives_the_same_document(tmp_path: Path) -> None:
    """Nothing but the report and the date decides what is written."""
    assert read(conforming(), tmp_path / "a", "junit") == read(conforming(), tmp_path / "b", "junit")
