"""Counts and states that are kept where few keep them are set, read and asked for as what they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.engine.verdict import Verdict
from conformance.recognition.optimizer import recognise
from conformance.training.claims import CLAIMS
from impls.session import Session
from tests.builders import result_of, results_of, subject_of, unit_of

CHAPTERS_OF_GROUPS = ("state/", "history/", "groups/", "scaling/")
FILE = Path(__file__).with_name("odd_counts.py")


def test_a_count_in_a_tensor_of_the_group_stays_a_tensor(session: Session) -> None:
    """A step from a later count is made, and nothing of the formula is outside."""
    item = recognise(f"{FILE}:CountInTensorOfGroup", "adam", {}, session)
    assert item.counter == "group:step"
    assert result_of(unit_of(item, "agreement/local"), session).verdict is Verdict.PASS


def test_a_count_that_a_checkpoint_forgets_is_told_as_lost(session: Session) -> None:
    """It is the optimizer's mistake, and no error of stepproof."""
    subject = subject_of(recognise(f"{FILE}:ForgetsItsCount", "adam", {}, session), session, dtype="bfloat16")
    evidence = BY_IDENTIFIER["state/count-kept"].judge(subject, Plan(1, 1, 0))
    assert (evidence.stop, evidence.broken) == (None, None)
    assert evidence.tally.failures[0].got == "no count"


def test_training_is_not_judged_where_states_are_not_shown(session: Session) -> None:
    """What each of its steps began from is not known."""
    item = recognise(f"{FILE}:CountInTensorOfGroup", "adam", {}, session)
    subject = subject_of(item, session)
    hidden = subject_of(dataclasses.replace(item, states={**item.states, "exp_avg": ""}), session)
    assert all("it does not show its state" in one.applies(hidden) for one in CLAIMS)
    assert not any("does not show" in one.applies(subject) for one in CLAIMS)


def test_what_has_no_groups_is_not_asked_for_them(session: Session) -> None:
    """No experiment looks for groups where there are none, and none of ours fails for it."""
    item = recognise(f"{FILE}:WithoutGroups", "adam", {}, session)
    results = results_of(unit_of(item, *(c for c in BY_IDENTIFIER if c.startswith(CHAPTERS_OF_GROUPS))), session)
    assert not [str(result.cell) for result in results if result.verdict in {Verdict.OURS, Verdict.ERROR}]
    told = {result.reason for result in results if result.verdict is Verdict.NOT_APPLICABLE}
    assert "it holds its parameters in no param groups" in told
