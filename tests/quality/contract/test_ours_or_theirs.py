"""Whose an exception is: that of the code under test breaks a clause, that of the suite is an error of stepproof."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.contract.breach import Breach
from conformance.contract.case import ClauseCase
from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.engine.evidence import RAISED, Tally
from conformance.engine.verdict import CellResult, Verdict
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session, SuiteError
from tests.builders import result_of, subject_of, unit_of

FOLDER = Path(__file__).parent
KEPT = f"{FOLDER / 'kept.py'}:Kept"
ORDER = BY_IDENTIFIER["elements/order"]


def subject(name: str, session: Session) -> WorkerSubject:
    """Return a class of the file of mistakes, as the right one beside it is recognised."""
    item = recognise(KEPT, "adamw", {}, session)
    found = subject_of(dataclasses.replace(item, target=f"{FOLDER / 'mistaken.py'}:{name}"), session)
    return dataclasses.replace(found, rules={(): found.rules[()]})


def tried(of: WorkerSubject, **arguments: Any) -> Tally:
    """Run one case of a clause, with some of its arguments in the place of its own."""
    case, tally = next(ORDER.cases(of)), Tally()
    given: Mapping[str, Any] = {**case.arguments, **arguments}
    ORDER.run(of, dataclasses.replace(case, arguments=given), tally, Plan(1, 1, 0))
    return tally


def breaches(name: str, clause: str, session: Session) -> list[Breach]:
    """Return how a class breaks a clause."""
    judged = BY_IDENTIFIER[clause].judge(subject(name, session), Plan(1, 1, 0))
    assert judged.broken is None
    return list(judged.tally.failures)


def test_an_exception_in_a_line_of_the_optimizer_breaks_the_clause(session: Session) -> None:
    """What its own line raises is its own, with the place."""
    (breach,) = tried(subject("RaisesItself", session)).failures
    assert (breach.quantity, breach.got) == (RAISED, "KeyError: 'exp_avg'")
    assert breach.compared.startswith("raised at update")


def test_an_exception_in_a_program_of_its_own_breaks_the_clause(session: Session) -> None:
    """A program that ends before its time because the optimizer raises is no error of ours."""
    (breach,) = breaches("BreaksItsProgram", "whole/leaves-nothing", session)
    assert breach.quantity == RAISED
    assert "there is nobody else here" in breach.got


def test_a_call_that_no_signature_asks_for_is_ours(session: Session) -> None:
    """An argument that the contract does not know of is no fault of who asks for it."""
    with pytest.raises(SuiteError, match=r"missing 1 required keyword-only argument: 'loss_scale'"):
        tried(subject("AsksForMore", session))


def test_an_exception_in_the_lines_that_every_experiment_shares_is_ours(session: Session) -> None:
    """What breaks below the experiment, and in no call of the optimizer, is not booked on it."""
    right = subject_of(recognise(KEPT, "adamw", {}, session), session)
    with pytest.raises(SuiteError) as raised:
        tried(dataclasses.replace(right, rules={(): right.rules[()]}), size=[67])
    assert "elements.permuted" in raised.value.fact
    with pytest.raises(SuiteError) as raised:
        tried(dataclasses.replace(right, rules={(): right.rules[()]}), steps="two")
    assert "in follow" in raised.value.printed


def test_an_error_of_ours_is_a_verdict_with_a_report_and_the_run_goes_on(session: Session) -> None:
    """The cell says so, and holds case and traceback; the cells beside it are judged."""
    item = dataclasses.replace(recognise(KEPT, "adamw", {}, session), target=f"{FOLDER / 'mistaken.py'}:AsksForMore")
    broken: CellResult = result_of(unit_of(item, "elements/order"), session)
    assert broken.verdict is Verdict.OURS
    assert broken.crash is not None
    assert broken.crash.case == {**broken.crash.case, "arguments": {"size": 67, "steps": 2}}
    assert "loss_scale" in broken.crash.traceback
    assert result_of(unit_of(item, "groups/tensor-twice"), session).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("BucketsByTheRest", "groups/own-settings"),
        ("NamesAPlace", "hyperparameters/error-names-range"),
        ("ForgetsWhatWasLoaded", "state/round-trip"),
    ],
)
def test_a_mistake_that_hides_behind_others_is_found(name: str, clause: str, session: Session) -> None:
    """Settings are changed one by one too, and a place in a setting is no end of its range."""
    assert breaches(name, clause, session)


def test_what_loading_forgets_is_not_said_of_settings(session: Session) -> None:
    """A checkpoint that does not go on by itself says nothing of a setting that is changed after it."""
    assert not breaches("ForgetsWhatWasLoaded", "hyperparameters/read-anew", session)


def test_another_exception_is_another_fault() -> None:
    """Two exceptions are alike where both the sort and the place agree, and the message need not."""
    case = ClauseCase((), {})
    one = Breach(case, RAISED, got="KeyError: 'a'", compared="raised at update: x")
    assert one.likeness == dataclasses.replace(one, got="KeyError: 'b'").likeness
    assert one.likeness != dataclasses.replace(one, got="TypeError: 'a'").likeness
    assert one.likeness != dataclasses.replace(one, compared="raised at step: x").likeness
