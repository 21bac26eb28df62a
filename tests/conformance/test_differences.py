"""Every view of a report, and `stepproof diff`, tell what is otherwise than in a run before."""

from __future__ import annotations

import dataclasses
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.baseline.comparison import compare
from conformance.baseline.record import record_of, text_of
from conformance.cli import main
from conformance.commands.console import show_report
from conformance.engine.verdict import Level
from conformance.report import write_report
from conformance.report.difference import Difference
from conformance.report.model import Outcome, Report
from tests.conformance.recorded_runs import LOCAL, NASTY, NEW, OLD, against, asked, failing, run


def test_every_view_tells_what_is_new_and_escapes_it(tmp_path: Path) -> None:
    """Console, page, summary and JSON name the new cause, and none of them runs what a name says."""
    report = against(run(OLD), run(OLD, failing("gradients/not-modified", "bbb", NASTY)), "b<a>se.json")
    said = StringIO()
    show_report(Console(file=said, width=200, no_color=True), report, "build")
    assert said.getvalue().index("against the baseline b<a>se.json") < said.getvalue().index("explains")
    assert "✗ 1 new cause" in said.getvalue()
    assert "≈ known to the baseline: mine.py:Mine: state/pickle" in said.getvalue()
    assert "\x1b[31m" not in said.getvalue()
    paths = write_report(report, tmp_path)
    page, summary = paths["html"].read_text(), paths["markdown"].read_text()
    assert "<script>" not in page + summary
    assert "b&lt;a&gt;se.json" in page
    assert "1 new cause" in page
    assert "**1 new cause**" in summary
    document = json.loads(paths["json"].read_text())
    (change,) = document["baseline"]["difference"]["new_causes"]
    assert change["case"] == "bbb"
    assert document["outcome"] == Outcome.DOES_NOT_CONFORM
    assert {"new-causes", "stopped"} <= {gate["name"] for gate in document["gate_outcomes"]}


def compared(tmp_path: Path, before: Report, now: Report, *more: str) -> int:
    """Return the status of `stepproof diff`, of a baseline and a report."""
    (tmp_path / "a.json").write_text(text_of(record_of(before)))
    write_report(now, tmp_path / "b")
    return main(["diff", str(tmp_path / "a.json"), str(tmp_path / "b" / "report.json"), *more])


def test_diff_says_what_came_went_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its status is 0 where nothing is worse, 1 where something is."""
    assert compared(tmp_path, run(OLD), run(OLD)) == 0
    assert "nothing is otherwise" in capsys.readouterr().out
    assert compared(tmp_path, run(OLD), run()) == 0
    assert "1 cause that is gone" in capsys.readouterr().out
    assert compared(tmp_path, run(), run(NEW)) == 1
    assert "1 cell that fails and did not" in capsys.readouterr().out
    assert compared(tmp_path, run(), run(NEW), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["comparable"], answer["worse"]) == (True, True)


def test_diff_refuses_runs_of_another_scope_unless_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 says why; --anyway compares what both were asked."""
    assert compared(tmp_path, run(), run(asked(LOCAL))) == 2
    assert "other properties" in capsys.readouterr().out
    assert compared(tmp_path, run(), run(asked(LOCAL)), "--anyway") == 0
    assert "2 of the baseline not judged" in capsys.readouterr().out
    assert compared(tmp_path, run(), dataclasses.replace(run(), seed=1), "--json") == 2
    assert json.loads(capsys.readouterr().out)["reasons"] == ["the seed was 0 and is 1"]
    assert main(["diff", str(tmp_path / "a.json"), str(tmp_path / "no.json")]) == 2
    assert "cannot be read" in " ".join(capsys.readouterr().err.split())


def test_nothing_is_worse_in_an_empty_difference() -> None:
    """A ratio, a gone cause, another version and what only should hold make no run worse."""
    new = compare(record_of(run()), record_of(run(NEW)))
    assert new.worse
    advice = dataclasses.replace(new.newly_failing[0], level=Level.SHOULD)
    assert not Difference(newly_failing=(advice,), ratios=(advice,)).worse
    change = compare(record_of(run(OLD)), record_of(run())).gone_causes
    assert not Difference(gone_causes=change, environment={"torch": "1 → 2"}).worse
