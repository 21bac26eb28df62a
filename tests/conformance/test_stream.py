"""The stream of a run holds every cell as it is judged, and a run goes on from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged, Spent
from conformance.engine.runs import UnitResult, run
from conformance.engine.stream import NAME, ResumeError, Stream
from conformance.engine.verdict import CellResult, Verdict
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeUnit

IDENTITY = {"seed": 0, "budget": 1.0}
WORK = [FakeUnit("first", ("passes", "fails")), FakeUnit("last", ("passes", "passes/too"))]


def streamed(folder: Path, work: list[FakeUnit]) -> list[UnitResult]:
    """Judge units in this process, and stream their cells."""
    results = []
    with Stream(folder, IDENTITY) as stream:
        for unit in work:
            result, exhibits = UnitResult(whole=True), []
            for event in fake_units.judge(unit):
                if isinstance(event, Exhibit):
                    exhibits.append(event)
                else:
                    stream.cell(unit, event)
                    result.add(event)
            stream.finished(unit, exhibits)
            result.exhibits += exhibits
            results.append(result)
    return results


def test_what_was_streamed_is_read_back(tmp_path: Path) -> None:
    """Verdicts, findings, figures and what the report shows are the same as before."""
    judged = streamed(tmp_path, WORK)
    assert Stream(tmp_path, IDENTITY).done(WORK) == dict(enumerate(judged))
    assert any(item.findings for result in judged for item in result.results)


def test_each_line_tells_its_cell(tmp_path: Path) -> None:
    """A line is JSON with the cell's place and its verdict, and can be read while the run goes on."""
    streamed(tmp_path, WORK)
    run_line, *lines = [json.loads(line) for line in (tmp_path / NAME).read_text().splitlines()]
    assert run_line["run"] == IDENTITY
    cells = [(line["unit"], line["property"], line["verdict"]) for line in lines if "result" in line]
    assert cells == [
        ("first", "passes", "pass"),
        ("first", "fails", "fail"),
        ("last", "passes", "pass"),
        ("last", "passes/too", "pass"),
    ]
    assert [line["unit"] for line in lines if line.get("finished")] == ["first", "last"]


def test_a_line_that_was_cut_off_is_judged_again(tmp_path: Path) -> None:
    """Of a stream that ends in the middle of a line all whole lines count, and no byte of it stays."""
    streamed(tmp_path, WORK)
    path = tmp_path / NAME
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:4]) + whole[4][:40])
    stream = Stream(tmp_path, IDENTITY)
    done = stream.done(WORK)
    assert [result.whole for result in done.values()] == [True]
    with stream:
        pass
    assert path.read_bytes() == b"".join(whole[:4])


def test_a_unit_whose_process_died_is_judged_again(tmp_path: Path) -> None:
    """Its errors are left out of what is kept, all others stay."""
    work = [WORK[0], FakeUnit("dies", ("passes", "exits")), WORK[1]]
    with Stream(tmp_path, IDENTITY) as stream:
        run(work, fake_units.judge, [stream], 1)
    again = Stream(tmp_path, IDENTITY)
    assert again.done(work).keys() == {0, 2}
    with again:
        pass
    assert b"dies" not in (tmp_path / NAME).read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is nothing to resume"),
        ('{"run": {"seed": 1, "budget": 1.0}}\n', "is of another run: seed was 1 and is 0; give the same"),
        ('{"unit": "first"}\n', "does not say what run it is of; run without --resume"),
        ("judging ...\n", "is no stream of verdicts"),
    ],
)
def test_another_run_is_refused_with_a_sentence(tmp_path: Path, text: str | None, words: str) -> None:
    """What differs is named, with what to do."""
    if text is not None:
        (tmp_path / NAME).write_text(text)
    with pytest.raises(ResumeError, match=words):
        Stream(tmp_path, IDENTITY).done(WORK)


CHECK = ["check", "torch.ExponentialLR", "--budget", "0.1", "--jobs", "1"]
CHECK += [word for name in ("lr/in-force", "lr/reported", "lr/range") for word in ("--property", name)]


def report(folder: Path) -> dict[str, Any]:
    """Return a report without its times and its command."""
    document = json.loads((folder / "report.json").read_text())
    return {key: value for key, value in document.items() if key not in {"times", "command"}}


def test_a_run_that_was_cut_off_is_resumed_to_the_same_report(tmp_path: Path) -> None:
    """No cell is judged twice, and the report is that of a run in one go."""
    status = main([*CHECK, "--output", str(tmp_path)])
    whole, path = report(tmp_path), tmp_path / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    results = [place for place, line in enumerate(lines) if b'"result"' in line]
    assert len(results) == len(whole["results"]) == 3
    kept = b"".join(lines[: results[1]])
    path.write_bytes(kept + lines[results[1]][:100])
    for name in ("report.json", "report.html", "summary.md"):
        (tmp_path / name).unlink()
    assert main([*CHECK, "--output", str(tmp_path), "--resume"]) == status
    assert path.read_bytes().startswith(kept)
    assert sum(b'"result"' in line for line in path.read_bytes().splitlines()) == len(results)
    assert report(tmp_path) == whole


def test_the_command_refuses_to_resume_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another seed, or an empty folder, ends with status 2 and the difference; nothing is lost."""
    assert main([*CHECK, "--output", str(tmp_path), "--resume"]) == 2
    assert "there is nothing to resume" in " ".join(capsys.readouterr().err.split())
    (tmp_path / NAME).write_text(json.dumps({"run": {"seed": 1}}) + "\n")
    before = (tmp_path / NAME).read_bytes()
    assert main([*CHECK, "--output", str(tmp_path), "--resume"]) == 2
    assert "seed was 1 and is 0" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / NAME).read_bytes() == before


def test_a_cell_is_streamed_with_what_it_killed_and_spent(tmp_path: Path) -> None:
    """The mutants of an earlier run stay killed, and the places at which workers ended are known."""
    unit = WORK[0]
    killed, spent = {"formula": {"mutant": "passes"}}, Spent("step", "signal", "the worker was killed", 7)
    with Stream(tmp_path, IDENTITY) as stream:
        stream.cell(unit, Judged(CellResult(unit.cell("passes"), Verdict.PASS), killed, spent=spent))
    found = Stream(tmp_path, IDENTITY).done([unit])[0]
    assert (found.killed, found.spent) == (killed, {"passes": spent})
