"""Held against a baseline only what is new fails, and whatever a run no longer shows is told."""

from __future__ import annotations

import dataclasses
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.baseline.comparison import compare, incomparable, known
from conformance.baseline.reading import BaselineError, read
from conformance.baseline.record import record_of, text_of
from conformance.commands.baselines import Held, held
from conformance.commands.usage_errors import UsageError
from conformance.engine.verdict import Verdict
from conformance.report import gates, write_report
from conformance.report.difference import ScopeEntry
from tests.conformance.recorded_runs import (
    LOCAL,
    NAME,
    NEW,
    OLD,
    Change,
    against,
    asked,
    deviating,
    failing,
    mutants,
    result,
    run,
    status,
    unjudged,
    with_cell,
    without,
)


def test_what_the_baseline_knows_does_not_fail_a_run() -> None:
    """A run with a finding is red by itself, green beside its own record, and says for what it is green."""
    report = run(OLD)
    assert status(report) == (1, {"findings"})
    beside = against(report, report)
    assert status(beside) == (0, set())
    assert gates.headline(beside) == "Conforms, but for what the baseline knows"
    assert gates.overall(beside) is Verdict.DEVIATION
    assert beside.baseline is not None
    assert not beside.baseline.difference.worse


def test_a_second_cause_alone_is_red_and_told_first() -> None:
    """The one that the baseline knows is counted nowhere; the new one leads the report."""
    beside = against(run(OLD), run(OLD, NEW))
    assert status(beside) == (1, {"findings", "new-causes"})
    observed = {gate.name: gate.observed for gate in gates.gates(beside)}
    assert (observed["findings"], observed["new-causes"]) == (1, 1)
    assert [cause.case for cause in beside.causes] == ["bbb", "aaa"]


def test_another_cause_in_a_cell_that_failed_before_is_new() -> None:
    """That the cell is known to fail excuses no other mistake in it."""
    other = failing("state/pickle", "ccc", "moment after loading")
    beside = against(run(OLD), run(other))
    assert status(beside) == (1, {"new-causes"})
    assert beside.baseline is not None
    assert [change.case for change in beside.baseline.difference.gone_causes] == [""]


@pytest.mark.parametrize(
    ("before", "now", "missed", "outcome"),
    [
        ((), (with_cell(result(LOCAL, Verdict.ERROR)),), {"errors", "stopped"}, 2),
        ((), (with_cell(result(LOCAL, Verdict.NOT_RUN)),), {"stopped"}, 2),
        ((), (with_cell(result(LOCAL, Verdict.NOT_APPLICABLE)),), {"stopped"}, 2),
        ((), (without(LOCAL),), {"stopped"}, 2),
        ((OLD,), (without("state/pickle"),), {"stopped"}, 2),
        ((), (mutants("killed", "survived", "equivalent"),), {"mutants", "power-lost"}, 2),
        ((), (mutants("killed", "spared", "equivalent"),), {"power-lost"}, 2),
        ((), (with_cell(result(LOCAL, cases=7)),), {"coverage-lost"}, 2),
        ((), (NEW,), {"findings", "new-causes"}, 1),
        ((unjudged,), (unjudged,), {"targets"}, 2),
        ((mutants("survived"),), (mutants("survived"),), set(), 0),
        ((with_cell(result(LOCAL, Verdict.UNDECIDED)),), (with_cell(result(LOCAL, Verdict.UNDECIDED)),), set(), 0),
        ((with_cell(result(LOCAL, Verdict.OURS)),), (with_cell(result(LOCAL, Verdict.OURS)),), set(), 0),
        ((with_cell(result(LOCAL, Verdict.ERROR)),), (), set(), 0),
        ((), (with_cell(result(LOCAL, cases=9)),), set(), 0),
        ((OLD,), (), set(), 0),
    ],
)
def test_only_what_is_worse_than_the_baseline_misses_a_gate(
    before: tuple[Change, ...], now: tuple[Change, ...], missed: set[str], outcome: int
) -> None:
    """Each sort of loss has a gate; what is as it was, or better, has none."""
    assert status(against(run(*before), run(*now))) == (outcome, missed)


def test_a_larger_ratio_is_legal_and_fails_a_strict_run_alone() -> None:
    """It is told, and enforced where that is asked for."""
    beside = against(run(), run(with_cell(result(LOCAL, ratio=0.75))))
    assert status(beside) == (0, set())
    assert "cells whose largest ratio grew: 1" in gates.warnings(beside)
    assert status(dataclasses.replace(beside, strict=True)) == (1, {"ratio"})
    other_cases = dataclasses.replace(result(LOCAL, ratio=0.75), digest="of other cases")
    assert status(dataclasses.replace(against(run(), run(with_cell(other_cases))), strict=True)) == (0, set())


def test_a_deviation_vanishes_announced_where_it_left_the_ledger() -> None:
    """One that still stands there and shows in none of its cells is told; one that was pruned is not."""
    before, now = record_of(run(deviating())), record_of(run())
    assert compare(before, now, {"doubles"}).vanished == ("doubles",)
    assert compare(before, now, set()).vanished == ()
    assert compare(before, now).vanished == ("doubles",)
    assert compare(before, record_of(run(asked(LOCAL))), {"doubles"}).vanished == ()


def test_cells_outside_a_narrowed_run_did_not_stop() -> None:
    """They are counted as not judged, and power is not compared where not all was judged."""
    alive = mutants("survived", "killed", "equivalent")
    beside = against(run(OLD), run(asked(LOCAL), alive))
    assert beside.baseline is not None
    difference = beside.baseline.difference
    assert (difference.compared, difference.unjudged, difference.stopped) == (1, 2, ())
    assert (difference.power_lost, difference.power_compared) == ((), False)
    assert difference.gone_causes == ()


def test_a_cause_that_a_narrowed_run_calls_otherwise_is_not_new() -> None:
    """What fewer cells tell of a mistake may be less; a cell that held before makes it new all the same."""
    other = failing("state/pickle", "ccc", "moment after loading")
    renamed = record_of(run(asked("state/pickle"), other))
    difference = compare(record_of(run(OLD)), renamed)
    assert (difference.new_causes, difference.gone_causes) == ((), ())
    assert [change.case for change in difference.changed_causes] == ["ccc"]
    assert compare(record_of(run()), renamed).new_causes


def test_a_run_that_was_cut_short_stopped_nothing() -> None:
    """It could not be judged; cells and causes that it lacks are none of its findings."""
    now = dataclasses.replace(run(without(LOCAL)), cut_short=True)
    beside = against(run(OLD), now)
    assert status(beside) == (2, {"cut-short"})


def test_numbers_in_what_is_seen_have_no_part_in_a_fingerprint() -> None:
    """The same mistake at another step or address is known; another line, class or level is not."""
    at_five = failing("state/pickle", "ccc", "step 5: gradient 2")
    assert not compare(record_of(run(OLD)), record_of(run(at_five))).new_causes
    names = [*record_of(run(OLD, failing("gradients/none", "ddd"), at_five)).causes]
    assert names[2] == f"{names[0]}/2"
    assert compare(record_of(run(OLD)), record_of(run(OLD, at_five))).new_causes


def test_a_record_is_read_back_as_it_was_and_has_a_line_for_each_cell(tmp_path: Path) -> None:
    """A baseline, and the JSON of the report that it is of, hold the same."""
    report = run(OLD, deviating(), mutants("killed", "survived", "spared"))
    record = record_of(report)
    file = tmp_path / "base.json"
    file.write_text(text_of(record))
    back = read(file)
    same = {name: dataclasses.replace(cause, case="") for name, cause in record.causes.items()}
    assert back == dataclasses.replace(record, causes=same, observed=back.observed)
    assert known(back, record) == known(record, record)
    lines = file.read_text().splitlines()
    assert sum('"cell":' in line for line in lines) == len(report.results)
    write_report(report, tmp_path / "report")
    assert compare(back, read(tmp_path / "report" / "report.json")) == compare(back, record)
    assert text_of(record_of(dataclasses.replace(report, results=report.results[::-1]))) == file.read_text()


def test_mutants_are_read_where_they_stand(tmp_path: Path) -> None:
    """A report has them once in the rule, an earlier one in each variant; a place beyond the list is refused."""
    write_report(run(mutants("killed", "survived")), tmp_path)
    file = tmp_path / "report.json"
    before, document = read(file), json.loads(file.read_text())
    (rule,) = document["rules"]
    for variant in rule["variants"]:
        variant["mutants"] = [rule["mutants"][place] for place in variant["mutants"]]
    earlier = {key: value for key, value in rule.items() if key not in {"mutants", "lines"}}
    file.write_text(json.dumps({**document, "schema_version": 6, "rules": [earlier]}))
    assert read(file) == before
    rule["variants"][0]["mutants"] = [7]
    file.write_text(json.dumps(document))
    with pytest.raises(BaselineError, match="has 2 mutants, and none at 7"):
        read(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "the seed was 0 and is 1"),
        ({"suite_version": "0.2.0"}, "the suite version was 0.1.0 and is 0.2.0"),
        ({"scope": (ScopeEntry((NAME,), "cpu", ("float32",), (), (), 9.0),)}, "the budget was 5 and is 9"),
    ],
)
def test_a_baseline_of_other_cases_is_refused(change: dict[str, object], words: str, tmp_path: Path) -> None:
    """Before anything is judged a sentence says what differs and how to record anew."""
    file = tmp_path / "base.json"
    file.write_text(text_of(record_of(run())))
    now = dataclasses.replace(run(), **change)
    with pytest.raises(BaselineError, match="--update-baseline") as raised:
        held(file, now, update=False)
    assert words in str(raised.value)
    assert incomparable(record_of(run()), record_of(run(asked(LOCAL)))) == []


def test_a_first_run_is_recorded_and_judged_as_it_stands(tmp_path: Path) -> None:
    """It is said; the second run beside the record is green; an update is judged as it stands, too."""
    file, said = tmp_path / "base.json", StringIO()
    report = run(OLD)
    for update, words in ((False, "no baseline yet: wrote"), (True, "wrote the new baseline")):
        held_against = held(file, report, update=update)
        assert held_against is not None
        first = held_against.against(report)
        assert status(first) == (1, {"findings"})
        held_against.record(first, Console(file=said, width=200))
        assert words in said.getvalue()
    assert said.getvalue().count("the run is judged as it stands") == 2
    second = held(file, report, update=False)
    assert second is not None
    assert status(second.against(report)) == (0, set())


def test_an_update_forgets_no_cell_and_replaces_no_other_file(tmp_path: Path) -> None:
    """A narrowed run is no baseline of the whole, and what is no baseline is not written over."""
    file, other = tmp_path / "base.json", tmp_path / "report" / "report.json"
    file.write_text(text_of(record_of(run())))
    with pytest.raises(BaselineError, match="would forget 2 of the 3 cells"):
        held(file, run(asked(LOCAL)), update=True)
    write_report(run(), other.parent)
    with pytest.raises(BaselineError, match="is no baseline of version 1"):
        held(other, run(), update=True)
    assert held(other, run(), update=False) is not None


def test_a_run_that_was_cut_short_is_no_baseline(tmp_path: Path) -> None:
    """Nothing is written, and that is said."""
    file, said = tmp_path / "base.json", StringIO()
    Held(file).record(dataclasses.replace(run(), cut_short=True), Console(file=said, width=200))
    assert not file.exists()
    assert "is not written" in said.getvalue()


def test_a_file_that_cannot_be_a_baseline_is_refused_at_once(tmp_path: Path) -> None:
    """A link, a folder, another document, and an update of nothing, each in a sentence."""
    (tmp_path / "link.json").symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "other.json").write_text('{"schema": "another", "schema_version": 1}')
    (tmp_path / "torn.json").write_text(text_of(record_of(run()))[:-40])
    for name, kind, words in (
        ("link.json", OSError, "is a link"),
        (".", OSError, "is a folder"),
        ("other.json", BaselineError, "no baseline of version 1"),
        ("torn.json", BaselineError, "no baseline and no report.json"),
    ):
        with pytest.raises(kind, match=words):
            held(tmp_path / name, run(), update=False)
    with pytest.raises(UsageError, match="--baseline FILE"):
        held(None, run(), update=True)
    assert held(None, run(), update=False) is None
