"""Known deviations are replayed first: each must show, and what it does not explain is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from conformance.engine import judging
from conformance.engine.claim import Plan
from conformance.engine.evidence import Failure
from conformance.engine.judging import verdict
from conformance.engine.ledger import OPTIMIZERS, Entry, Stored
from conformance.engine.power import Power
from conformance.engine.replay import judge_known, replayed
from conformance.engine.verdict import CellResult, Verdict
from conformance.report import deviation_section
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeClaim, FakeSubject

KNOWN = Entry("known", OPTIMIZERS, ("*",), ("*",), "It is so.")
SUBJECT = FakeSubject()


def entry(*cases: int, **more: Any) -> Entry:
    """Return an entry with stored cases."""
    stored = tuple(Stored("number", {"number": case}) for case in cases)
    return dataclasses.replace(KNOWN, cases=stored, **more)


def judged(claim: FakeClaim, *entries: Entry, strict: bool = True) -> CellResult:
    """Judge a cell of which entries are known."""
    cell = SUBJECT.cell(claim.identifier)

    def explore(of: Any, known: Callable[[Failure], bool]) -> CellResult:
        plan = Plan(10, 1, 0, explained=known)
        return verdict(of, claim, cell, claim.judge(of, plan), plan)

    return judge_known(SUBJECT, claim, cell, list(entries), explore, lambda _: strict)


PASSES, FAILS = FakeClaim("asked"), FakeClaim("asked", (1, 20))


def test_a_deviation_that_shows_and_explains_no_more_is_the_verdict() -> None:
    """An entry that narrows nothing and names nothing leaves nothing to judge; its case is the finding."""
    result = judged(FAILS, entry(30))
    assert (result.verdict, result.deviation, result.reason) == (Verdict.DEVIATION, "known", "It is so.")
    assert [found.case["stored"] for found in result.findings] == [{"number": 30}]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (entry(3), "deviation `known` is no longer shown by its 1 stored cases"),
        (entry(), "deviation `known` has no case of this cell"),
        (entry(30, observed=("y = *",)), "is no longer shown by its 1 stored cases"),
    ],
)
def test_a_deviation_that_does_not_show_fails_where_it_was_recorded(known: Entry, words: str) -> None:
    """The reason asks for its removal; somebody else's code, or another version, may do better."""
    result = judged(PASSES, known)
    assert result.verdict is Verdict.FAIL
    assert words in result.reason
    assert "remove it from the ledger" in result.reason
    assert judged(PASSES, known, strict=False).verdict is Verdict.PASS


def test_what_is_observed_is_known_and_all_else_is_new() -> None:
    """A failure that the entry does not name fails the cell, and is reduced to no case that it explains."""
    known = entry(20, observed=("x = 20",))
    assert judged(FAILS, known).verdict is Verdict.DEVIATION
    result = judged(FakeClaim("asked", (1, 20, 40)), known)
    assert (result.verdict, result.deviation, result.further) == (Verdict.FAIL, "", ("known",))
    assert [found.case["stored"] for found in result.findings] == [{"number": 21}]


def test_the_rest_is_judged_within_what_an_entry_leaves() -> None:
    """A wider subject passes where the narrow one fails, and its profile is told."""
    known = entry(20, ranks=(0, 25))
    result = judged(FAILS, known)
    assert result.verdict is Verdict.DEVIATION
    assert result.profile == "wider: as written"
    assert judged(FakeClaim("asked", (1, 20, 30)), known).verdict is Verdict.FAIL


def test_an_entry_whose_cases_show_nothing_in_other_code_still_names_what_is_seen_there() -> None:
    """The stored cases are those of other code: what is seen here and named there is known, and no more is."""
    known = entry(3, observed=("x = 20",))
    assert judged(FAILS, known, strict=False).verdict is Verdict.DEVIATION
    assert judged(FakeClaim("asked", (1, 20, 40)), known, strict=False).verdict is Verdict.FAIL
    assert judged(PASSES, known, strict=False).verdict is Verdict.PASS


def test_a_subclass_inherits_what_is_known_of_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry about a class speaks of those that extend it, and of no others."""
    monkeypatch.setattr(judging, "named", lambda _: (entry(20, implementations=("parent",), observed=("x = 20",)),))
    unit = fake_units.FakeUnit("fake", ("asked",))
    for extends, verdict_ in ((("parent",), Verdict.DEVIATION), (("another",), Verdict.FAIL)):
        subject = FakeSubject(extends=extends)
        result = judging.judge_cell(unit, subject, FAILS, fake_units.VERSION, Power(lambda _: ()))
        assert result.verdict is verdict_


@pytest.mark.parametrize("turn", [1, -1])
def test_a_deviation_that_one_cell_no_longer_shows_is_told_so_whatever_others_show(
    turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of the cells decides nothing, and beside what is new in a cell it is in force."""
    monkeypatch.setattr(deviation_section, "load", lambda: (entry(20),))
    shown, stale = judged(FAILS, entry(20)), judged(PASSES, entry(3))
    beside = judged(FakeClaim("asked", (1, 20, 40)), entry(20, observed=("x = 20",)))
    assert [told.status for told in deviation_section.deviations([shown, stale][::turn])] == ["no longer shown"]
    assert [told.status for told in deviation_section.deviations([shown, beside][::turn])] == ["in force"]


def test_deviations_known_together_are_all_told() -> None:
    """The first names the cell, the others stand beside it, and each has its finding."""
    one = entry(20, observed=("x = 20",))
    other = dataclasses.replace(entry(30, observed=("x = 30",)), identifier="other", reason="And so.")
    result = judged(FakeClaim("asked", (1, 20, 30)), one, other)
    assert (result.deviation, result.further) == ("known", ("other",))
    assert result.reason == "It is so. And so."
    assert [found.case["stored"] for found in result.findings] == [{"number": 20}, {"number": 30}]


def test_an_error_is_no_known_deviation() -> None:
    """A subject that stops where the entry does not say so is an error beside it."""
    stops = FakeClaim("asked", (1, 20), acts={1: fake_units.worker_dies})
    assert judged(stops, entry(20, observed=("x = 20",))).verdict is Verdict.ERROR


@pytest.mark.parametrize("observed", ["RuntimeError *", "*no step today"])
def test_a_stop_that_is_observed_shows_a_deviation(observed: str) -> None:
    """An exception at a stored case is the deviation where the entry names it."""
    stops = FakeClaim("asked", acts={2: fake_units.step_raises})
    shown = replayed(SUBJECT, stops, entry(2, observed=(observed,)))
    assert shown
    assert shown.failure.case == 2
    assert not replayed(SUBJECT, stops, entry(2, observed=("KeyError *",)))


def test_a_case_of_another_kind_or_claim_is_not_replayed() -> None:
    """What another claim stored, or what the subject does not have, is passed over."""
    others = (Stored("rule", {"number": 30}), Stored("number", {"number": 30}, "another"))
    known = dataclasses.replace(KNOWN, cases=(*others, Stored("number", {"number": -1})))
    shown = replayed(SUBJECT, FAILS, known)
    assert not shown
    assert shown.replayed == 0


def test_the_first_case_that_shows_it_ends_the_replay() -> None:
    """Cases that pass are counted, those behind the one that fails are not run."""
    shown = replayed(SUBJECT, FAILS, entry(1, 20, 30))
    assert (shown.failure.case, shown.replayed) == (20, 2)
