"""SARIF fits the published schema and GitHub's limits, names the user's own line, and knows a cause again."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from sarif_kit.validate import validation_errors

from conformance.engine.evidence import RAISED
from conformance.engine.verdict import Cause, Level
from conformance.exchange import sarif
from conformance.exchange.occasion import SourcePlace
from conformance.report import model
from tests.exchange.example_reports import (
    HOSTILE,
    MINE,
    PLACE,
    cell,
    conforming,
    failing,
    hostile,
    parsed,
    red,
    report,
    written,
)


def run_of(whole: model.Report, folder: Path) -> dict[str, Any]:
    """Return the one run of a document that fits the schema."""
    document: dict[str, Any] = parsed(whole, folder, "sarif")
    assert validation_errors(document) == []
    (run,) = document["runs"]
    found: dict[str, Any] = run
    return found


def test_a_cause_is_a_result_at_the_users_own_line(tmp_path: Path) -> None:
    """What must hold is an error and stands first; rule, place, message and the number of its rule are right."""
    run = run_of(red(), tmp_path)
    first, second = run["results"]
    assert (first["ruleId"], first["level"]) == ("adam/update", "error")
    assert (second["ruleId"], second["level"]) == ("hyperparameters/refused", "warning")
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["adam/update", "hyperparameters/refused"]
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "mypkg/changed.py"}, "region": {"startLine": 15}}
    for part in ("this is adam(epsilon=inside)", "It explains 2 cells", "eta = 1", "got: -0.75"):
        assert part in first["message"]["text"]
    assert "θ_t = θ̃_t − η·m̂_t/d_t" in rules[0]["fullDescription"]["text"]


def test_a_cause_without_a_place_has_that_of_its_implementation(tmp_path: Path) -> None:
    """GitHub takes no result without one: another cause's, then the file of its target, then the report's."""
    places = [r["locations"][0]["physicalLocation"] for r in run_of(red(), tmp_path)["results"]]
    assert places[1] == places[0]
    alone = dataclasses.replace(red(), causes=red().causes[:1])
    path = written(alone, tmp_path, "sarif", sources={MINE: SourcePlace("src/mine.py", "0" * 64)}).paths[0]
    assert '"uri": "src/mine.py"' in path.read_text()
    nowhere = [r["locations"][0]["physicalLocation"] for r in run_of(alone, tmp_path)["results"]]
    assert {place["artifactLocation"]["uri"] for place in nowhere} == {"report.json"}


@pytest.mark.parametrize("where", ["/elsewhere/optim.py:3 in step", "../optim.py:3 in step", "raised at step: x", ""])
def test_a_place_outside_the_repository_is_none(where: str, tmp_path: Path) -> None:
    """No path leads out of the root."""
    (cause,) = (dataclasses.replace(cause, where=where) for cause in red().causes[1:])
    found = run_of(dataclasses.replace(red(), causes=(cause,)), tmp_path)["results"]
    assert found[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "report.json"


def prints(whole: model.Report, folder: Path) -> dict[str, str]:
    """Return the fingerprint of each result by its rule."""
    results = run_of(whole, folder)["results"]
    assert all(set(result["partialFingerprints"]) == {sarif.FINGERPRINT} for result in results)
    return {result["ruleId"]: result["partialFingerprints"][sarif.FINGERPRINT] for result in results}


def with_other_cases(whole: model.Report) -> model.Report:
    """Return a report of another seed on edited files: other values, cases, lines, order and identifiers."""
    results = []
    for result in reversed(whole.results):
        found = tuple(
            dataclasses.replace(
                f,
                identifier=f"{f.identifier}x",
                value="0.125",
                distance="8 widths",
                case={"steps": 2},
                legal=("1", "2"),
            )
            for f in result.findings
        )
        results.append(dataclasses.replace(result, findings=found))
    causes = tuple(
        dataclasses.replace(c, where=c.where.replace(":15", ":99"), case=f"{c.case}x", explains=c.explains[::-1])
        for c in reversed(whole.causes)
    )
    return dataclasses.replace(whole, seed=9, results=tuple(results), causes=causes, cases_hash="other")


def test_a_cause_is_known_again_in_the_next_run(tmp_path: Path) -> None:
    """Seed, order, lines and drawn values have no part in a fingerprint; what is wrong has."""
    before, after = prints(red(), tmp_path), prints(with_other_cases(red()), tmp_path)
    assert before == after
    assert len(set(before.values())) == 2
    causes = (red().causes[0], dataclasses.replace(red().causes[1], title="this is adam(decay=coupled)"))
    other = prints(dataclasses.replace(red(), causes=causes), tmp_path)
    assert other["hyperparameters/refused"] == before["hyperparameters/refused"]
    assert other["adam/update"] != before["adam/update"]


def of_an_exception(said: str, line: str = "raised at step: x") -> model.Report:
    """Return a report with one cause, an exception."""
    result = failing(cell("life/interleaved"), quantity=RAISED, assignment="", value=said, confirmed=line)
    cause = Cause(MINE, f"{RAISED} {said}", Level.MUST, "", "", "0123456789", (result.cell,))
    return report([result], (cause,))


def test_an_exception_is_known_by_its_type_and_its_line(tmp_path: Path) -> None:
    """Its message may hold what was drawn, and has no part in it."""
    known = prints(of_an_exception("ValueError: bad lr 0.25"), tmp_path)
    assert prints(of_an_exception("ValueError: bad lr nan"), tmp_path) == known
    assert prints(of_an_exception("TypeError: bad lr nan"), tmp_path) != known
    assert prints(of_an_exception("ValueError: bad lr 0.25", "raised at step: y"), tmp_path) != known


def test_two_causes_that_are_alike_are_two(tmp_path: Path) -> None:
    """The second has a number, so that one is not taken for the other."""
    causes = (red().causes[1], dataclasses.replace(red().causes[1], where="/project/mypkg/other.py:3 in step"))
    results = run_of(dataclasses.replace(red(), causes=causes), tmp_path)["results"]
    first, second = (result["partialFingerprints"][sarif.FINGERPRINT] for result in results[:2])
    assert second == f"{first}/2"


def test_findings_without_a_cause_have_results_of_their_own(tmp_path: Path) -> None:
    """A run that was cut short has no causes, and its findings are there."""
    results = run_of(dataclasses.replace(red(), causes=(), cut_short=True), tmp_path)["results"]
    assert [result["ruleId"] for result in results] == ["adam/update", "adam/update", "hyperparameters/refused"]


def many(number: int, of_should: int = 0) -> model.Report:
    """Return a report with so many causes, of which the first only should hold."""
    results = tuple(failing(cell(f"a/{n}"), assignment="", identifier=str(n)) for n in range(number))
    levels = [Level.SHOULD] * of_should + [Level.MUST] * (number - of_should)
    causes = tuple(
        Cause(MINE, f"it is {n}", levels[n], "d" * 500, PLACE, str(n), (results[n].cell,)) for n in range(number)
    )
    return report(results, causes)


def test_no_more_results_are_written_than_github_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None that must hold is left out before one that only should, and the rest is counted."""
    assert sarif.MOST_RESULTS <= 5_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 50)
    run = run_of(many(70, of_should=10), tmp_path)
    assert len(run["results"]) == 50 == len(run["tool"]["driver"]["rules"])
    assert {result["level"] for result in run["results"]} == {"error"}
    told = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert "20 causes more: see report.json" in told


def test_causes_are_left_out_rather_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is bounded too, with the rules that belong to what is kept."""
    assert sarif.MOST_BYTES < 10_000_000
    monkeypatch.setattr(sarif, "MOST_BYTES", 60_000)
    run = run_of(many(70), tmp_path)
    assert 10 < len(run["results"]) == len(run["tool"]["driver"]["rules"]) < 70
    assert (tmp_path / "stepproof.sarif").stat().st_size < 62_000


def test_a_run_without_findings_has_no_result_and_says_how_it_went(tmp_path: Path) -> None:
    """An empty list takes alerts away; a run that broke says so."""
    run = run_of(conforming(), tmp_path)
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True
    assert run_of(red(), tmp_path)["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str, tmp_path: Path) -> None:
    """It fits the schema, makes no link, leads nowhere and stays short."""
    run = run_of(hostile(HOSTILE[name]), tmp_path)
    assert len(run["results"]) == 2
    for result in run["results"]:
        assert not re.search(r"\]\(", result["message"]["text"])
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
        assert ".." not in uri.split("/")
    rules = run["tool"]["driver"]["rules"]
    assert all(len(rule["id"]) <= 1000 and len(rule["properties"]["tags"]) <= sarif.MOST_TAGS for rule in rules)
    assert (tmp_path / "stepproof.sarif").stat().st_size < 200_000
