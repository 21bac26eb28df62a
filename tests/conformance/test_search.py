"""A search judges in rounds until its time is over, keeps what is rare, and replays it first."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.catalogue.catalogued import entries
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.cli import main
from conformance.commands import search
from conformance.commands.run_part import RunPart
from conformance.commands.search_harvest import Harvest, joined
from conformance.corpus.folder import Corpus
from conformance.corpus.rounds import EXTREME, KILLING, SearchRound
from conformance.corpus.stored import Kept, Why
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.runs import Listener, Pool, run_on
from conformance.engine.verdict import CellResult, Figures, Finding, Level, Verdict
from conformance.schedulers.entries import entries as scheduler_entries
from impls.catalogue.scheduler_entries import Scheduler
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeUnit
from tests.conformance.test_stream import report

LOCAL = "agreement/local"
SGD = next(item for item in entries() if item.identifier == "torch.SGD")
UNIT = RunPart((SGD,), (), 1.0, 0, dtypes=("float32",), properties=(LOCAL,), paths=("foreach",)).units()[0]
RARE = """
from torch.optim.lr_scheduler import LRScheduler


class Rare(LRScheduler):
    \"\"\"Halves the learning rate at every step, and sticks after the {last}th.\"\"\"

    def __init__(self, optimizer, gamma=0.5, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch == 0:
            return [group["lr"] for group in self.optimizer.param_groups]
        factor = 1.0 if round(self.gamma * 1e6) % 50 == {digit} else self.gamma
        return [group["lr"] * factor for group in self.optimizer.param_groups]
"""


class Noted(Listener):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.cells: list[str] = []

    def cell(self, unit: object, judged: Judged) -> None:
        self.cells.append(str(judged.result.cell))


def test_units_are_judged_as_they_come_until_there_are_no_more() -> None:
    """Each is asked for when somebody is free, and none is kept."""
    noted = Noted()
    units = iter([FakeUnit(f"unit {n}", ("passes", "fails")) for n in range(5)])
    outcome = run_on(units, [noted], Pool(fake_units.judge, 2), time.monotonic() + 600)
    assert outcome.cut_short == ""
    assert len(noted.cells) == 10


def test_a_search_ends_with_its_time_in_the_middle_of_a_unit() -> None:
    """Of units without end those are judged for which there was time, however long one takes."""
    noted = Noted()
    endless = (FakeUnit(f"unit {n}", ("passes", "waits") if n == 2 else ("passes",)) for n in itertools.count())
    start = time.monotonic()
    run_on(itertools.islice(endless, 3), [noted], Pool(fake_units.judge, 1), start + 8)
    assert time.monotonic() - start < 60
    assert len(noted.cells) in {0, 1, 2, 3}


def test_an_interrupt_ends_a_search_with_what_is_there() -> None:
    """Of units without end those are there that were judged before."""

    class Interrupting(Noted):
        def cell(self, unit: object, judged: Judged) -> None:
            super().cell(unit, judged)
            if len(self.cells) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    noted = Interrupting()
    endless = (FakeUnit(f"unit {n}", ("passes", "fails")) for n in itertools.count())
    outcome = run_on(endless, [noted], Pool(fake_units.judge, 1), time.monotonic() + 600)
    assert (outcome.cut_short, outcome.status) == ("cut short by SIGINT", 130)
    assert len(noted.cells) >= 3


def judged(verdict: Verdict, number: int = 1, *, kill: str = "", ratio: float = 0.0, digest: str = "") -> Judged:
    """Return a cell as a process of a round gives it."""
    cell = UNIT.cell(LOCAL)
    finding = Finding(
        f"f{number}",
        cell,
        "",
        f"theta{number}",
        "",
        "",
        "",
        {"kind": "rule", "stored": {"number": number}},
        ("0", "1"),
        ("", ""),
        "2",
        "",
        "",
        "exactly",
        "",
        "",
        "",
    )
    exhibits = [Exhibit(KILLING, {"kind": "rule", "case": {"killer": number}, "mutants": [kill]})] if kill else []
    exhibits += [Exhibit(EXTREME, {"kind": "rule", "case": {"near": number}, "ratio": ratio})] if ratio else []
    figures = Figures(cases=number, values=10, largest_ratio=ratio or None, ratio_histogram=(1, 2))
    found = (finding,) if verdict is Verdict.FAIL else ()
    result = CellResult(cell, verdict, "", figures, findings=found, digest=digest or str(number))
    return Judged(result, {"sgd": {kill: LOCAL}} if kill else {}, tuple(exhibits))


def in_round(number: int) -> SearchRound:
    """Return the unit in a round."""
    return SearchRound(UNIT, 0, number, (LOCAL,), levels={})


class Silent:
    """Tells nothing."""

    def failed(self, *_: object) -> None: ...

    def reached(self, *_: object) -> None: ...


@pytest.fixture
def harvest(tmp_path: Path) -> Harvest:
    """Return a harvest of one unit with an empty corpus."""
    return Harvest([UNIT], Corpus(tmp_path / "corpus"), Silent())


def test_what_only_a_later_round_reaches_is_kept(harvest: Harvest) -> None:
    """Ratios and mutants that the gate's own cases reach are no news; what is beyond is kept, with what it reached."""
    harvest.cell(in_round(1), judged(Verdict.PASS, 1, kill="a", ratio=0.8))
    assert harvest.corpus.kept == {}
    harvest.cell(in_round(2), judged(Verdict.PASS, 2, kill="a", ratio=0.7))
    assert harvest.corpus.kept == {}
    harvest.cell(in_round(3), judged(Verdict.PASS, 3, kill="b", ratio=0.9))
    assert sorted((one.why, one.ratio, one.mutants) for one in harvest.corpus.kept.values()) == [
        (Why.RATIO, 0.9, ()),
        (Why.KILLED, 0.0, ("b",)),
    ]
    assert harvest.gathered()[0].killed == {"sgd": {"a": LOCAL, "b": LOCAL}}
    assert harvest.cases == 6


def test_a_cell_that_fails_in_one_round_fails(harvest: Harvest) -> None:
    """Its finding and its case are kept once, and the property is not searched any more."""
    harvest.cell(in_round(1), judged(Verdict.PASS, 1))
    harvest.finished(in_round(1), [])
    assert harvest.whole
    assert harvest.open(0, 2) == (LOCAL,)
    harvest.cell(in_round(2), judged(Verdict.FAIL, 2))
    harvest.cell(in_round(2), judged(Verdict.FAIL, 2))
    (result,) = harvest.gathered()[0].results
    assert result.verdict is Verdict.FAIL
    assert [finding.identifier for finding in result.findings] == ["f2"]
    assert harvest.found == 1
    assert [one.case for one in harvest.corpus.of(UNIT.cell(LOCAL))] == [{"number": 2}]
    assert harvest.open(0, 3) == ()


def test_a_replay_counts_where_it_fails_alone(harvest: Harvest) -> None:
    """A stored case that passes makes no verdict; one that fails fails the cell, whatever the gate says."""
    harvest.cell(in_round(0), judged(Verdict.UNDECIDED, 1, kill="a"))
    assert harvest.gathered()[0].results == []
    assert harvest.gathered()[0].killed == {"sgd": {"a": LOCAL}}
    harvest.cell(in_round(0), judged(Verdict.FAIL, 2))
    harvest.cell(in_round(1), judged(Verdict.PASS, 3))
    (result,) = harvest.gathered()[0].results
    assert (result.verdict, result.figures.cases) == (Verdict.FAIL, 5)


def test_a_property_without_other_cases_is_not_asked_again(harvest: Harvest) -> None:
    """Two rounds that judged the same cases are enough."""
    harvest.cell(in_round(1), judged(Verdict.PASS, 1, digest="same"))
    harvest.cell(in_round(2), judged(Verdict.PASS, 2, digest="same"))
    assert harvest.open(0, 3) == ()


def test_two_rounds_are_joined_to_the_worse_verdict() -> None:
    """Figures are added, the largest ratio is the larger, and an error that came later is news."""
    first, later = judged(Verdict.PASS, 1, ratio=0.5).result, judged(Verdict.PASS, 2, ratio=0.25).result
    both = joined(first, later)
    assert (both.verdict, both.figures.cases, both.figures.largest_ratio) == (Verdict.PASS, 3, 0.5)
    assert both.figures.ratio_histogram == (2, 4)
    assert joined(first, dataclasses.replace(later, verdict=Verdict.UNDECIDED)).verdict is Verdict.PASS
    assert joined(first, dataclasses.replace(later, verdict=Verdict.ERROR)).verdict is Verdict.ERROR
    died = dataclasses.replace(first, verdict=Verdict.OURS, reason="the process was killed by SIGKILL")
    assert joined(died, later) == later
    known = dataclasses.replace(first, verdict=Verdict.DEVIATION, level=Level.MUST)
    assert joined(known, later).verdict is Verdict.DEVIATION


def test_a_stored_case_names_no_target_of_its_own() -> None:
    """Neither at its top nor inside a composed schedule; schedulers of the catalogue are no code of a file."""
    rare = SchedulerUnit(own_scheduler_entry(), (), 1, 0)
    name = rare.entry.identifier

    def kept(*schedulers: str) -> Kept:
        node = {"scheduler": schedulers[0], "children": [{"scheduler": other} for other in schedulers[1:]]}
        return Kept(Why.FAILED, SCHEDULERS, UNIT.cell(LOCAL), "schedule", {"node": node})

    assert search.own(rare, kept(name))
    assert search.own(rare, kept("torch.SequentialLR", "torch.StepLR", name))
    assert not search.own(rare, kept("evil.py:Evil"))
    assert not search.own(rare, kept(name, "evil.py:Evil"))
    assert not search.own(UNIT, kept(name))
    assert search.own(UNIT, kept("torch.StepLR"))


def own_scheduler_entry() -> Scheduler:
    """Return the entry of a scheduler that stands in a file."""
    step = next(entry for entry in scheduler_entries() if entry.identifier == "torch.StepLR")
    return dataclasses.replace(step, identifier="rare.py:Rare", target="rare.py:Rare")


def project(folder: Path) -> None:
    """Write a project whose scheduler is wrong for one in fifty factors."""
    (folder / "rare.py").write_text(RARE.format(last=1, digit=17))
    table = 'budget = 0.5\njobs = 1\nproperties = ["lr/in-force"]\noutput = "out"\n'
    table += '[[schedulers]]\ntarget = "rare.py:Rare"\nschedule = "exponential"\n'
    (folder / "stepproof.toml").write_text(table)


def limited(rounds: int) -> object:
    """Return rounds that end: a test waits for no clock."""
    whole = search.rounds

    def some(*given: object) -> Iterator[SearchRound]:
        return itertools.takewhile(lambda one: one.number <= rounds, whole(*given))  # type: ignore[arg-type]

    return some


def test_a_rare_failure_is_found_kept_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate is green, a search of some rounds is red, and the next one fails at once with what git keeps."""
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "rounds", limited(1))
    assert main(["search", "--hours", "1"]) == 0
    assert not (tmp_path / "stepproof-corpus").exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "rounds", limited(6))
    assert main(["search", "--hours", "1"]) == 1
    said = capsys.readouterr().out
    assert "failures that are new to it: 1" in said
    (cause,) = report(tmp_path / "out")["causes"]
    assert cause["implementation"] == "rare.py:Rare"
    failed = [
        file for file in (tmp_path / "stepproof-corpus").iterdir() if json.loads(file.read_text())["why"] == "failed"
    ]
    assert len(failed) == 1
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "rounds", limited(0))
    assert main(["search", "--hours", "1"]) == 1
    assert "in the corpus" in " ".join(capsys.readouterr().out.split())
    assert main(["replay", str(failed[0])]) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--hours", "0"], "--hours 0 is not in (0, 1000]"),
        (["--hours", "nan"], "--hours nan is not in"),
        (["--hours", "0.1", "--corpus", "stepproof.toml"], "is a link or a file; give a folder"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    given: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is legal, before anything starts."""
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["search", *given]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
