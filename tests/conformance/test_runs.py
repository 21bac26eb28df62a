"""A run in several processes: one that dies costs its unit alone, and a signal ends them all."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest

from conformance.engine import runs
from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged
from conformance.engine.runs import Listener, UnitResult, run
from conformance.engine.verdict import Verdict
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeUnit

FIRST, LAST = FakeUnit("first", ("passes", "fails")), FakeUnit("last", ("passes", "passes/too"))


class Noted(Listener):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.cells: list[tuple[str, str]] = []
        self.whole: list[str] = []

    def cell(self, unit: Unit, judged: Judged) -> None:
        self.cells.append((unit.label, judged.result.cell.property))

    def finished(self, unit: Unit, exhibits: Sequence[Exhibit]) -> None:
        self.whole.append(unit.label)


def verdicts(result: UnitResult) -> dict[str, Verdict]:
    """Return the verdict on each property of a unit."""
    return {item.cell.property: item.verdict for item in result.results}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("claim", "how"), [("exits", "ended with status 4"), ("is-killed", "was killed by SIGKILL")])
def test_a_process_that_dies_costs_its_unit_and_nothing_else(claim: str, how: str, jobs: int) -> None:
    """What it had judged stays; what it owed is an error of ours with how it ended; all others are judged."""
    work, noted = [FIRST, FakeUnit("dies", ("passes", claim, "passes/too")), LAST], Noted()
    outcome = run(work, fake_units.judge, [noted], jobs)
    first, dead, last = outcome.results
    assert (outcome.cut_short, outcome.status) == ("", 0)
    assert verdicts(first) == {"passes": Verdict.PASS, "fails": Verdict.FAIL}
    assert verdicts(last) == {"passes": Verdict.PASS, "passes/too": Verdict.PASS}
    assert verdicts(dead) == {"passes": Verdict.PASS, claim: Verdict.OURS, "passes/too": Verdict.OURS}
    reasons = {item.reason for item in dead.results if item.verdict is Verdict.OURS}
    assert len(reasons) == 1
    (reason,) = reasons
    assert reason.startswith("error of stepproof: ")
    assert how in reason
    assert "--resume" in reason
    assert sorted(noted.whole) == ["dies", "first", "last"]
    assert len(noted.cells) == 7


def test_results_stand_in_the_order_of_the_units() -> None:
    """However many processes judge, each unit has its own cells and what it shows."""
    work = [FakeUnit(f"unit {n}", ("passes", "fails")) for n in range(5)]
    outcome = run(work, fake_units.judge, [], 2)
    labels = [{item.cell.implementation for item in result.results} for result in outcome.results]
    assert labels == [{unit.label} for unit in work]
    assert [[e.data["label"] for e in result.exhibits] for result in outcome.results] == [[unit.label] for unit in work]
    assert all(result.whole for result in outcome.results)


def test_no_process_is_forked_from_one_with_threads() -> None:
    """A process that judges comes from a server that was started clean, though the parent has a thread."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait, name="the parent's")
    thread.start()
    try:
        (result,) = run([FakeUnit("apart", ("apart",))], fake_units.judge, [], 1).results
    finally:
        ended.set()
        thread.join()
    assert [(item.verdict, item.reason) for item in result.results] == [(Verdict.PASS, "")]


def test_what_is_done_is_not_judged_again() -> None:
    """A whole unit is passed over, and of one that was begun only the missing cells are judged."""
    whole, begun = run([FIRST, LAST], fake_units.judge, [], 1).results
    begun = UnitResult(begun.results[:1])
    noted = Noted()
    outcome = run([FIRST, LAST], fake_units.judge, [noted], 1, {0: whole, 1: begun})
    assert noted.cells == [("last", "passes/too")]
    assert verdicts(outcome.results[0]) == {"passes": Verdict.PASS, "fails": Verdict.FAIL}
    assert verdicts(outcome.results[1]) == {"passes": Verdict.PASS, "passes/too": Verdict.PASS}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_what_was_judged(number: signal.Signals, status: int) -> None:
    """The run says what cut it short, keeps every cell that came, and leaves no process and no handler."""
    before = signal.getsignal(signal.SIGTERM)

    class Ends(Listener):
        def cell(self, unit: Unit, judged: Judged) -> None:
            assert multiprocessing.active_children()
            signal.raise_signal(number)

    outcome = run([FakeUnit("waits", ("passes", "waits")), LAST], fake_units.judge, [Ends()], 1)
    assert (outcome.cut_short, outcome.status) == (f"cut short by {number.name}", status)
    assert verdicts(outcome.results[0]) == {"passes": Verdict.PASS}
    assert not any(result.whole for result in outcome.results)
    assert not multiprocessing.active_children()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_of_nothing_is_whole() -> None:
    """Without units no process is started."""
    assert run([], fake_units.judge, [], 2).results == []


@pytest.mark.skipif(sys.platform != "linux", reason="glibc can be told")
def test_a_judge_keeps_the_memory_that_arrays_leave() -> None:
    """Large arrays that come and go are not fetched from the kernel each time."""
    program = (
        "import resource, sys, numpy\n"
        "from conformance.engine import freed_memory\n"
        "freed_memory.keep()\n"
        "faults = []\n"
        "for _ in range(3):\n"
        "    numpy.ones(1_000_000)\n"
        "    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)\n"
        "sys.exit(faults[2] - faults[1] > 100)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class _Slow:
    """A process that takes a while to die, on a clock that waiting for it moves."""

    def __init__(self, log: list[str], clock: list[float]) -> None:
        self.log, self.clock = log, clock

    def kill(self) -> None:
        self.log.append("killed")

    def end(self, seconds: float) -> None:
        self.log.append("awaited")
        self.clock[0] += seconds


def test_many_processes_that_die_slowly_are_awaited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are killed before the first is waited for, and they are waited for as long as one."""
    log, clock = list[str](), [100.0]
    monkeypatch.setattr(runs.time, "monotonic", lambda: clock[0])
    pool = runs.Pool(fake_units.judge, 15)
    with pool:
        pool.processes = [cast("Any", _Slow(log, clock)) for _ in range(15)]
    assert log == ["killed"] * 15 + ["awaited"] * 15
    assert clock[0] == 100.0 + runs.END_SECONDS
