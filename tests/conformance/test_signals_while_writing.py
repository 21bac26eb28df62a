"""A signal that comes when all is judged costs no report, and what is said of it is true."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.commands import judging

CHECK = ["check", "torch.ExponentialLR", "--budget", "0.1", "--jobs", "1", "--property", "lr/in-force"]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that conforms."""
    folder = tmp_path_factory.mktemp("judged")
    assert main([*CHECK, "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def resumed(judged: Path, tmp_path: Path) -> Iterator[list[str]]:
    """Return the command that goes on from that run, whose report is lost; no signal ends this process."""
    output = tmp_path / "output"
    output.mkdir()
    shutil.copy(judged / "verdicts.jsonl", output)
    before = {number: signal.signal(number, signal.default_int_handler) for number, _ in SIGNALS}
    yield [*CHECK, "--resume", "--output", str(output)]
    for number, handler in before.items():
        signal.signal(number, handler)


def sending(function: Callable[..., Any], *numbers: signal.Signals) -> Callable[..., Any]:
    """Return a function during which signals come."""

    def run(*given: Any, **more: Any) -> Any:
        for number in numbers:
            os.kill(os.getpid(), number)
        return function(*given, **more)

    return run


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_signal_waits_until_the_report_is_written(
    resumed: list[str],
    number: signal.Signals,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The report is there and whole, the status is that of the signal, and nothing is said to be missing."""
    monkeypatch.setattr(judging, "write_report", sending(judging.write_report, number))
    assert main(resumed) == status
    output = Path(resumed[-1])
    report = json.loads((output / "report.json").read_text())
    assert not report["cut_short"]
    assert report["outcome"] == "conforms"
    assert (output / "report.html").exists()
    said = capsys.readouterr()
    assert f"{number.name} came while the report was written" in said.out
    assert "stopped" not in said.out + said.err


def test_a_signal_between_judging_and_writing_costs_no_report(
    resumed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All cells are in a report that says that the run was cut short."""
    monkeypatch.setattr(judging, "Concluded", sending(judging.Concluded, signal.SIGINT))
    assert main(resumed) == 130
    report = json.loads((Path(resumed[-1]) / "report.json").read_text())
    assert [result["verdict"] for result in report["results"]] == ["pass"]
    assert "cut short by SIGINT" in " ".join(report["not_run"])


def test_a_second_signal_does_not_wait(
    resumed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was judged is in the stream; no verdict is told, and what is said names the way on."""
    monkeypatch.setattr(judging, "write_report", sending(judging.write_report, signal.SIGINT, signal.SIGTERM))
    assert main(resumed) == 143
    said = capsys.readouterr()
    assert "stopped while the report was written; go on with --resume" in " ".join(said.err.split())
    assert "Conforms" not in said.out
    monkeypatch.undo()
    assert main(resumed) == 0


def test_a_signal_before_anything_is_judged_says_so(
    resumed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends the run at once."""
    monkeypatch.setattr(judging, "all_seen", sending(judging.all_seen, signal.SIGINT))
    assert main(resumed) == 130
    assert "stopped before anything was judged" in capsys.readouterr().err
