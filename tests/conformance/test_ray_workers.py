"""A search over a Ray cluster: two workers judge, one of them is killed in the middle, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from conformance.commands.ray_workers import LOCAL, MOST_TRIES, RayWorkers
from conformance.commands.usage_errors import UsageError
from conformance.engine.claim import Unit
from conformance.engine.judging import Judged
from conformance.engine.runs import Listener, run_on
from conformance.engine.verdict import Verdict
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeUnit

FOREVER = 600.0
WORK = [FakeUnit(f"unit {n}", ("passes", "fails", "passes/too")) for n in range(6)]


def test_without_ray_a_sentence_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'stepproof\[ray\]'"):
        RayWorkers(fake_units.judge, LOCAL, {"cpu"})


class Gathering(Listener):
    """Gathers the cells of each unit, and can kill one of those that judge."""

    def __init__(self, kill_at: int = 0) -> None:
        self.cells: list[tuple[str, str, Verdict]] = []
        self.whole: list[str] = []
        self.kill_at = kill_at
        self.hands: Known | None = None

    def cell(self, unit: Unit, judged: Judged) -> None:
        self.cells.append((unit.label, judged.result.cell.property, judged.result.verdict))
        if len(self.cells) == self.kill_at:
            assert self.hands is not None
            os.kill(self.hands.pids[0], signal.SIGKILL)

    def finished(self, unit: Unit, exhibits: object) -> None:
        self.whole.append(unit.label)


class Known(RayWorkers):
    """Workers whose processes are known, so that one can be killed."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.pids = self.ray.get([actor.process.remote() for actor in self.actors])
        return self


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Return two workers on this machine, which find the modules of the tests."""
    pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return Known(fake_units.judge_slowly, LOCAL, {"cpu"}, most=2)


def expected() -> set[tuple[str, str, Verdict]]:
    """Return every cell with its verdict, as they are judged here."""
    events = ((unit, event) for unit in WORK for event in fake_units.judge(unit) if isinstance(event, Judged))
    return {(unit.label, event.result.cell.property, event.result.verdict) for unit, event in events}


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(hands: Known) -> None:
    """Every cell is there once, with the verdict that it has here; the unit goes on in another worker."""
    gathering = Gathering(kill_at=4)
    gathering.hands = hands
    run_on(iter(WORK), [gathering], hands, time.monotonic() + FOREVER)
    assert len(hands.pids) == 2
    assert hands.died == 1
    assert sorted(gathering.cells) == sorted(expected())
    assert sorted(gathering.whole) == [unit.label for unit in WORK]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_unit_that_kills_every_worker_is_an_error_of_stepproof(hands: Known) -> None:
    """After some tries the others go on, and it is told."""
    gathering = Gathering()
    work = [FakeUnit("kills", ("passes", "is-killed")), WORK[0]]
    run_on(iter(work), [gathering], hands, time.monotonic() + FOREVER)
    verdicts = {(label, name): verdict for label, name, verdict in gathering.cells}
    assert hands.died == MOST_TRIES
    assert verdicts["kills", "passes"] is Verdict.PASS
    assert verdicts["kills", "is-killed"] is Verdict.OURS
    assert len(verdicts) == 5


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_search_over_ray_ends_with_its_time(hands: Known) -> None:
    """What waits is left behind."""
    gathering = Gathering()
    start = time.monotonic()
    run_on(iter([FakeUnit("waits", ("passes", "waits"))]), [gathering], hands, start + 40)
    assert time.monotonic() - start < FOREVER
    assert [name for _, name, _ in gathering.cells] in ([], ["passes"])
