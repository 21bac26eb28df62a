"""From evidence to a verdict: what passes, what fails, and what our own mistakes cost."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.judging import write_crashes
from conformance.engine.claim import Patience, Plan
from conformance.engine.evidence import Evidence, Exhibit, Tally
from conformance.engine.judging import Done, Judged, judge_cell, judge_unit, verdict
from conformance.engine.power import Power
from conformance.engine.reduction import reduced
from conformance.engine.runs import UnitResult, done_of
from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.report.gates import EXIT_STATUS
from conformance.report.model import Outcome, Report
from impls.session import Session
from tests.conformance import fake_units
from tests.conformance.fake_units import FakeClaim, FakeFailure, FakeKind, FakeSubject, FakeUnit

UNIT = FakeUnit("fake", ("asked",))
SESSION: Any = None
SUBJECT = FakeSubject(SESSION)


def results(unit: FakeUnit, *claims: FakeClaim) -> list[CellResult]:
    """Judge the claims of a unit."""
    known = {claim.identifier: claim for claim in claims}
    unit = dataclasses.replace(unit, properties=tuple(known))
    events = judge_unit(unit, known, SESSION, fake_units.version_of, {})
    return [event.result for event in events if isinstance(event, Judged)]


def judged(claim: FakeClaim) -> CellResult:
    """Judge one cell."""
    subject = FakeSubject(SESSION)
    return judge_cell(UNIT, subject, claim, fake_units.VERSION, Power(lambda _: ()))


@pytest.mark.parametrize(
    ("claim", "verdict", "reason"),
    [
        (FakeClaim("asked"), Verdict.PASS, ""),
        (FakeClaim("asked", (1, 20, 30)), Verdict.FAIL, "2 of 3 values are outside"),
        (FakeClaim("asked", ()), Verdict.UNDECIDED, "no case was judged"),
        (FakeClaim("asked", undecided=True), Verdict.UNDECIDED, "no element-case could be decided"),
        (FakeClaim("asked", reason="it has no states"), Verdict.NOT_APPLICABLE, "it has no states"),
        (
            FakeClaim("asked", acts={2: fake_units.step_raises}),
            Verdict.ERROR,
            "RuntimeError during `step`: no step today",
        ),
        (FakeClaim("asked", acts={2: fake_units.worker_dies}), Verdict.ERROR, "the worker was killed by SIGKILL"),
    ],
)
def test_evidence_gives_its_verdict(claim: FakeClaim, verdict: Verdict, reason: str) -> None:
    """A pass needs a value that was decided; whatever else happens has its own word and reason."""
    result = judged(claim)
    assert (result.verdict, result.reason) == (verdict, reason)


def test_a_failure_is_reduced_to_its_smallest_case() -> None:
    """Of failures that are alike one finding remains, the smallest case that fails, with its script."""
    (found,) = judged(FakeClaim("asked", (30, 20))).findings
    assert found.case["stored"] == {"number": 11}
    assert found.script == "print(11)\n"
    assert found.confirmed == "seen directly"


def test_patience_is_that_of_all_findings_together() -> None:
    """When it is spent the failure is told as it was found, and nothing simpler is looked for."""
    subject, claim = FakeSubject(SESSION), FakeClaim("asked", (30,))
    plan = Plan(1, 1, 0, patience=Patience(trials=5))
    first = reduced(subject, claim, FakeFailure(30), plan)
    assert (first.case, plan.patience.over) == (25, True)
    assert reduced(subject, claim, FakeFailure(40), plan).case == 40
    assert Patience(seconds=0.0).over


def test_a_failure_that_is_not_confirmed_is_no_finding() -> None:
    """What the second, exact computation does not confirm leaves the cell undecided."""
    result = judged(FakeClaim("asked", (1, 20), kind=FakeKind(confirmed="")))
    assert result.verdict is Verdict.UNDECIDED
    assert not result.findings
    assert "the exact computation confirms none of them" in result.reason


def test_a_stop_has_the_case_at_which_it_came() -> None:
    """A cell that ends in an exception of the step tells the case, and the script that raises it."""
    (found,) = judged(FakeClaim("asked", acts={2: fake_units.step_raises})).findings
    assert found.case["stored"] == {"number": 2}


def test_a_claim_that_says_nothing_of_some_cases_and_sees_no_other_is_undecided() -> None:
    """Where the subject raised in the other cases nothing is known, which is not the same as not applicable."""

    def unfit(claim: FakeClaim, tally: Tally, *, raises: bool) -> Verdict:
        tally.inapplicable.append("it has no such state")
        if raises:
            tally.leave_open()
        return verdict(SUBJECT, claim, SUBJECT.cell("asked"), Evidence(tally), Plan(1, 1, 0)).verdict

    claim = FakeClaim("asked")
    assert unfit(claim, Tally(), raises=False) is Verdict.NOT_APPLICABLE
    assert unfit(claim, Tally(), raises=True) is Verdict.UNDECIDED


def test_a_subject_that_raises_when_it_is_asked_what_it_offers_is_no_error_of_ours() -> None:
    """Whether a claim applies may be asked of the code under test, whose exception stays its own."""

    class Asking(FakeClaim):
        def applies(self, subject: Any) -> str:
            fake_units.step_raises(1)
            return ""

    result = judged(Asking("asked"))
    assert (result.verdict, result.reason) == (Verdict.ERROR, "RuntimeError during `step`: no step today")


def test_an_exception_of_ours_costs_its_cell_and_no_other() -> None:
    """The cell is an error that says whose it is and where; the cells beside it are judged."""
    first, broken, last = results(
        UNIT, FakeClaim("first"), FakeClaim("broken", acts={2: fake_units.raises}), FakeClaim("last")
    )
    assert [first.verdict, last.verdict] == [Verdict.PASS, Verdict.PASS]
    assert broken.verdict is Verdict.OURS
    assert broken.reason.startswith("error of stepproof: ZeroDivisionError: of ours at 2, at fake_units.py:")
    assert broken.crash is not None
    assert broken.crash.case == {"number": 2}
    assert "in raises" in broken.crash.traceback


def test_what_was_found_before_an_exception_of_ours_stays_found() -> None:
    """A cell with a failure fails, and holds what the report of the error needs beside its finding."""
    result = judged(FakeClaim("asked", (20, 2), acts={2: fake_units.raises}))
    assert result.verdict is Verdict.FAIL
    assert result.findings
    assert result.crash is not None


def test_the_file_of_an_error_of_ours_says_all_that_its_report_needs(tmp_path: Path) -> None:
    """It names the versions, the cell, the case and the lines that led to the exception."""
    result = judged(FakeClaim("asked", acts={2: fake_units.raises}))
    report = Report("0.1.0", "stepproof check", 7, 2, {"torch": "2.13.0"}, (), (), (), (result,), ())
    write_crashes(report, tmp_path)
    (path,) = tmp_path.iterdir()
    assert result.reason.endswith(f"please report failures/{path.name}")
    held = json.loads(path.read_text())
    assert held["environment"] == {"torch": "2.13.0"}
    assert held["cell"]["property"] == "asked"
    assert (held["case"], held["seed"]) == ({"number": 2}, 7)
    assert any("fake_units.py" in line for line in held["traceback"])


def test_an_error_is_never_taken_for_what_does_not_conform() -> None:
    """Status 1 is that of code that does not conform; what could not be judged is 2."""
    assert EXIT_STATUS[Outcome.DOES_NOT_CONFORM] == 1
    assert EXIT_STATUS[Outcome.NOT_JUDGED] == 2


@pytest.mark.parametrize("where", ["subject", "exhibits"])
def test_an_exception_of_ours_beside_the_cells_is_an_error_too(where: str) -> None:
    """A subject that cannot be made costs every cell; one that shows nothing has a cell that says so."""
    unit = FakeUnit("fake", (), broken=where)
    found = {r.cell.property: r for r in results(unit, FakeClaim("one"), FakeClaim("two"))}
    broken = {name for name, result in found.items() if result.verdict is Verdict.OURS}
    assert broken == ({"one", "two"} if where == "subject" else {"exhibits"})
    assert {"one", "two"} <= found.keys()
    assert all(found[name].reason.startswith("error of stepproof: ") for name in broken)


@pytest.mark.parametrize("level", Level)
def test_a_cell_and_its_findings_have_the_level_of_their_claim(level: Level) -> None:
    """A view tells what must hold from what only should by the cell alone."""
    claim = FakeClaim("fails", (1, 20), level=level)
    judged, _ = judge_unit(FakeUnit("fake", ("fails",)), {"fails": claim}, None, fake_units.version_of, {})
    assert isinstance(judged, Judged)
    assert [judged.result.level, *(found.level for found in judged.result.findings)] == [level, level]
    assert judged.result.shown == (Verdict.FAIL if level is Level.MUST else Level.SHOULD)


def test_what_cannot_be_run_here_is_not_run() -> None:
    """The reason stands in every cell of the unit."""
    found = results(FakeUnit("fake", (), not_run="torch compiles nothing here"), FakeClaim("a"), FakeClaim("b"))
    assert [(r.verdict, r.reason) for r in found] == [(Verdict.NOT_RUN, "torch compiles nothing here")] * 2


def test_a_claim_of_another_sort_makes_no_cell() -> None:
    """What is not about such a subject is not even not applicable."""
    found = results(UNIT, FakeClaim("one"), FakeClaim("two", concerned=False))
    assert [result.cell.property for result in found] == ["one"]


def test_a_place_at_which_workers_end_is_not_asked_for_ever() -> None:
    """After three cells that end alike the others say so at once; an exception of a step ends none."""
    dying = [FakeClaim(f"dies {n}", acts={1: fake_units.worker_dies}) for n in range(5)]
    found = results(UNIT, *dying)
    assert len(found) == 5
    assert {r.reason for r in found[:3]} == {"the worker was killed by SIGKILL"}
    assert {r.reason for r in found[3:]} == {
        "not asked again after 3 properties at which the worker was killed by SIGKILL"
    }
    raising = [FakeClaim(f"raises {n}", acts={1: fake_units.step_raises}) for n in range(5)]
    assert {r.reason for r in results(UNIT, *raising)} == {"RuntimeError during `step`: no step today"}


def test_a_place_that_gives_no_answer_is_waited_for_twice() -> None:
    """Each waits for the whole time-out."""
    found = results(UNIT, *(FakeClaim(f"hangs {n}", acts={1: fake_units.worker_hangs}) for n in range(4)))
    assert [r.reason.startswith("not asked again after 2") for r in found] == [False, False, True, True]


def test_no_verdict_depends_on_what_was_judged_before_it_was_resumed() -> None:
    """What cells spend together is known to those that follow in another process."""
    known = {f"dies {n}": FakeClaim(f"dies {n}", acts={1: fake_units.worker_dies}) for n in range(5)}
    known["fails"] = FakeClaim("fails", (1, 20))

    def judged(done: UnitResult) -> list[Judged]:
        unit = FakeUnit("unit", tuple(known))
        events = judge_unit(unit, known, SESSION, fake_units.version_of, done_of(done))
        return [event for event in events if isinstance(event, Judged)]

    whole = judged(UnitResult())
    assert sum(item.result.reason.startswith("not asked") for item in whole) == 3
    for first in range(len(whole)):
        begun = UnitResult()
        for item in whole[:first]:
            begun.add(item)
        assert [item.result.reason for item in judged(begun)] == [item.result.reason for item in whole[first:]]


def test_what_cells_spend_on_simpler_cases_is_kept() -> None:
    """A cell that failed leaves less patience to the one after it, before and after a run was resumed."""
    patience: list[int] = []

    @dataclasses.dataclass(frozen=True)
    class Watched(FakeClaim):
        def judge(self, subject: Any, plan: Plan) -> Evidence:
            patience.append(plan.patience.trials)
            return super().judge(subject, plan)

    known = {name: Watched(name, (1, 20)) for name in ("one", "two")}
    unit = FakeUnit("unit", tuple(known))
    first, *_ = judge_unit(unit, known, SESSION, fake_units.version_of, {})
    assert isinstance(first, Judged)
    begun = UnitResult()
    begun.add(first)
    list(judge_unit(unit, known, SESSION, fake_units.version_of, done_of(begun)))
    started, left, resumed = patience
    assert started > left == resumed


def test_what_is_done_is_left_out_and_its_mutants_stay_killed() -> None:
    """A cell that is there is not judged again; what it killed is known to those that follow."""
    seen: list[dict[str, int]] = []

    @dataclasses.dataclass(frozen=True)
    class Counted(FakeUnit):
        def plan(self, claim: Any, power: Power) -> Plan:
            seen.append(power.counts())
            return super().plan(claim, power)

    known = {name: FakeClaim(name) for name in ("one", "two")}
    unit = Counted("fake", tuple(known))
    events = list(judge_unit(unit, known, SESSION, fake_units.version_of, {"one": Done({"f": {"mutant": "one"}})}))
    assert [event.result.cell.property for event in events if isinstance(event, Judged)] == ["two"]
    assert [event for event in events if isinstance(event, Exhibit)] == [Exhibit("label", {"label": "fake"})]
    assert seen == [{"f": 1}]


def test_a_worker_that_does_not_start_is_told_in_every_cell() -> None:
    """The interpreter and the next action stand in the reason."""
    known = {name: FakeClaim(name) for name in ("one", "two")}

    def version_of(_: str, session: Session) -> str:
        return str(session.request({"op": "hello"}).header["torch"])

    with Session("no/such/python") as session:
        events = list(judge_unit(FakeUnit("fake", tuple(known)), known, session, version_of, {}))
    reasons = [event.result.reason for event in events if isinstance(event, Judged)]
    assert len(reasons) == 2
    assert all("no/such/python" in reason and "name a Python" in reason for reason in reasons)
