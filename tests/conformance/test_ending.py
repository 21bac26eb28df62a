"""The command ends at once when it is told to, with a report of what is there, and leaves no process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.contract.clauses import CLAUSES
from conformance.engine.ending import Terminated, terminating
from impls.copies import VARIABLE as COPIES

ROOT = Path(__file__).parents[2]
MARK = "STEPPROOF_TEST_MARK"
PATIENCE = 120.0
"""Seconds of the clock that a busy machine may take for what costs a few of its own."""
SECONDS = 3.0
"""Seconds of computing within which a command ends, however busy the machine is."""
CHAPTERS = ("elements/", "groups/", "hyperparameters/", "state/", "gradients/", "layout/")
ASKED = [clause.identifier for clause in CLAUSES if clause.identifier.startswith(CHAPTERS)]
COMMAND = ["check", "torch.AdamW", "--dtype", "float32", "--budget", "1", "--jobs", "2"]
COMMAND += [word for name in ASKED for word in ("--property", name)]
"""Many cells, each of which is judged in a moment."""


@dataclass(frozen=True)
class Running:
    """A command that judges, in an environment by which all that it starts is found again."""

    process: subprocess.Popen[str]
    folder: Path
    mark: str

    def left(self) -> dict[int, str]:
        """Return what runs of it, by the number of the process."""
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and self.mark.encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:  # it has ended
                continue
        return {pid: line for pid, line in found.items() if line}

    def cells(self) -> int:
        """Return how many cells have a verdict."""
        stream = self.folder / "verdicts.jsonl"
        return stream.read_bytes().count(b'"result"') if stream.exists() else 0

    @property
    def computed(self) -> float:
        """The seconds that the command itself has computed."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(so: Callable[[], object]) -> bool:
    """Wait until something is so; tells whether it came to be."""
    end = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Return a command that has judged some cells of many."""
    mark = f"{MARK}={uuid.uuid4().hex}"
    folder = tmp_path / "output"
    started = Running(
        subprocess.Popen(
            [sys.executable, "-m", "conformance.cli", *COMMAND, "--output", str(folder)],
            cwd=ROOT,
            env={**os.environ, MARK: mark.partition("=")[2], "PYTHONPATH": str(ROOT), COPIES: ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ),
        folder,
        mark,
    )
    try:
        assert until(lambda: started.cells() or started.process.poll() is not None)
        assert started.process.poll() is None, started.process.communicate()[0]
        assert len(started.left()) >= 3
        yield started
    finally:
        for pid in started.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        started.process.communicate()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_with_a_report(running: Running, number: signal.Signals, status: int) -> None:
    """Told to end it computes no more than a moment, marks the report as cut short, and nothing lives on."""
    before = running.computed
    last = before
    running.process.send_signal(number)
    while running.process.poll() is None:
        try:
            last = max(last, running.computed)
        except (OSError, IndexError):
            break
        time.sleep(0.02)
    said, _ = running.process.communicate(timeout=PATIENCE)
    assert running.process.returncode == status, said
    assert last - before < SECONDS
    assert not running.left()
    report = json.loads((running.folder / "report.json").read_text())
    assert report["cut_short"]
    assert len(report["results"]) == running.cells() >= 1
    assert f"cut short by {number.name}" in " ".join(report["not_run"])
    assert f"cut short by {number.name}" in " ".join(said.split())
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_nothing_outlives_a_command_that_is_killed(running: Running) -> None:
    """Where the command itself cannot say goodbye, its judges and their workers end by themselves."""
    running.process.kill()
    running.process.wait()
    assert until(lambda: not running.left()), running.left()


def test_an_interrupt_that_a_callback_loses_comes_again() -> None:
    """What is raised while something is finalized is lost to Python, and ends the command all the same."""
    seen: list[str] = []

    class Kept:
        pass

    def signalled(_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        seen.append("the callback went on")

    def let_go_and_wait() -> None:
        kept, until = Kept(), time.monotonic() + PATIENCE
        reference = weakref.ref(kept, signalled)
        with terminating():
            del kept
            while reference() is None and time.monotonic() < until:
                time.sleep(0.01)

    with pytest.raises(Terminated):
        let_go_and_wait()
    assert not seen


def test_the_alarm_of_whoever_calls_is_left_alone() -> None:
    """What ends a hanging test by an alarm ends it in a command of ours too."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    try:
        with terminating():
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        until = time.monotonic() + PATIENCE
        while not rung and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]


def test_an_interrupt_while_the_words_of_a_command_are_read_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the status of the signal, and no traceback."""
    monkeypatch.setattr("conformance.cli._parsed", lambda _: signal.raise_signal(signal.SIGINT))
    assert main(["rules"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "stepproof: stopped\n"
