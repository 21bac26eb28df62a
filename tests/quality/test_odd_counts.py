"""Counts and states that are kept where few keep them are set, read and asked for as what they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER, groups, history, scaling, state, step_api
from conformance.engine.claim import Plan
from conformance.engine.verdict import Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import result_of, results_of, subject_of, unit_of

CHAPTERS = (groups, state, history, scaling, step_api)
ASKED = [clause.identifier for chapter in CHAPTERS for clause in chapter.CLAUSES]
FILE = Path(__file__).with_name("odd_counts.py")


@pytest.mark.parametrize(
    ("name", "counter"), [("CountInTensorOfGroup", "group:step"), ("CountOfAll", "optimizer:state/all/count")]
)
def test_a_count_that_several_share_is_set_where_it_is(name: str, counter: str, session: Session) -> None:
    """A step from a later count is made, and nothing of the formula is outside."""
    item = recognise(f"{FILE}:{name}", "adam", {}, session)
    assert item.counter == counter
    assert result_of(unit_of(item, "agreement/local"), session).verdict is Verdict.PASS


def test_a_count_that_a_checkpoint_forgets_is_told_as_lost(session: Session) -> None:
    """It is the optimizer's mistake, and no error of stepproof."""
    subject = subject_of(recognise(f"{FILE}:ForgetsItsCount", "adam", {}, session), session, dtype="bfloat16")
    evidence = BY_IDENTIFIER["state/count-kept"].judge(subject, Plan(1, 1, 0))
    assert (evidence.stop, evidence.broken) == (None, None)
    assert evidence.tally.failures[0].got == "no count"


@pytest.mark.parametrize(("name", "verdict"), [("CountInTensorOfGroup", Verdict.PASS), ("Hurries", Verdict.FAIL)])
def test_training_is_judged_from_the_start_where_states_are_not_shown(
    name: str, verdict: Verdict, session: Session
) -> None:
    """What later steps began from is not known, and right code is not accused for it."""
    item = recognise(f"{FILE}:{name}", "adam", {}, session)
    hidden = dataclasses.replace(item, states={**item.states, "exp_avg": ""})
    assert result_of(unit_of(hidden, "training/regression"), session).verdict is verdict


def test_what_has_no_groups_is_not_asked_for_them(session: Session) -> None:
    """No experiment looks for groups where there are none, and none of ours fails for it."""
    item = recognise(f"{FILE}:WithoutGroups", "adam", {}, session)
    results = results_of(unit_of(item, *ASKED, "distributed/zero-redundancy"), session)
    told = {result.cell.property: result for result in results}
    assert not [name for name, result in told.items() if result.verdict in {Verdict.OURS, Verdict.ERROR}]
    for name in ("state/round-trip", "distributed/zero-redundancy"):
        assert told[name].reason == "it holds its parameters in no param groups"
    needing_none = (
        "groups/iterables",
        "history/loaded-again",
        "history/step-raises",
        "scaling/autocast",
        "whole/in-place",
        "whole/zero-grad",
    )
    assert {told[name].verdict for name in needing_none} == {Verdict.PASS}
