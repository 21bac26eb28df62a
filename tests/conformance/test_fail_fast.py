"""A run that is to fail fast ends at the first cell that fails, with a report of what was judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.commands.fail_fast import FailFast
from conformance.engine import runs
from conformance.engine.judging import Judged
from conformance.engine.verdict import Cell, CellResult, Level, Verdict
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeUnit

WRONG = Path(__file__).parents[1] / "quality" / "contract" / "step_api.py"
PROPERTIES = ("whole/closure", "whole/in-place", "state/round-trip")
CHECK = ["check", f"{WRONG}:ForgetsLoss", "--rule", "adamw", "--budget", "1", "--dtype", "float32", "--jobs", "1"]
CELL = Cell("mine.SGD", "single-tensor", "cpu", "float32", "agreement/local")


def test_a_run_ends_at_its_first_failure() -> None:
    """The cell that fails is the last, no process is left, and the outcome says where and why it ended."""
    work = [FakeUnit("first", ("passes", "fails", "passes/too")), FakeUnit("last", ("passes",))]
    outcome = runs.run(work, fake_units.judge, [FailFast(strict=False)], 1)
    assert [[item.verdict for item in result.results] for result in outcome.results] == [
        [Verdict.PASS, Verdict.FAIL],
        [],
    ]
    assert outcome.cut_short == "ended at the first failure, in first, as --fail-fast asks"
    assert outcome.status == 0


@pytest.mark.parametrize(
    ("result", "ends"),
    [
        (CellResult(CELL, Verdict.FAIL), (True, True)),
        (CellResult(CELL, Verdict.ERROR), (True, True)),
        (CellResult(CELL, Verdict.FAIL, level=Level.SHOULD), (False, True)),
        (CellResult(CELL, Verdict.DEVIATION), (False, False)),
        (CellResult(CELL, Verdict.UNDECIDED), (False, False)),
    ],
)
def test_what_ends_a_run_is_what_fails_it(result: CellResult, ends: tuple[bool, bool]) -> None:
    """What only should hold ends a run that is strict, and no other."""
    for strict, ended in zip((False, True), ends, strict=True):
        try:
            FailFast(strict=strict).cell(FakeUnit("unit", ()), Judged(result))
        except runs.Enough:
            assert ended
        else:
            assert not ended


def test_a_check_that_failed_fast_says_what_is_wrong_and_goes_on_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its status is that of a failure, its report names the cause and what is left out; --resume judges the rest."""
    given = [*CHECK, *(part for name in PROPERTIES for part in ("--property", name)), "--output", str(tmp_path)]
    assert main([*given, "--fail-fast"]) == 1
    first = json.loads((tmp_path / "report.json").read_text())
    assert [result["verdict"] for result in first["results"]][-1] == "fail"
    assert first["cut_short"]
    assert first["causes"]
    assert "as --fail-fast asks; go on with --resume" in first["not_run"][0]
    assert "does not conform, cut short" in " ".join(capsys.readouterr().out.lower().split())
    assert main([*given, "--resume"]) == 1
    whole = json.loads((tmp_path / "report.json").read_text())
    assert not whole["cut_short"]
    assert len(whole["results"]) > len(first["results"])


def test_beside_a_baseline_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first failure may be one that the baseline knows."""
    baseline = ["--baseline", str(tmp_path / "base.json")]
    assert main([*CHECK, "--fail-fast", *baseline, "--output", str(tmp_path / "output")]) == 2
    assert "--fail-fast ends at any failure" in " ".join(capsys.readouterr().err.split())
