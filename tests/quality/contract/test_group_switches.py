"""A group's own switches: held to the clause about a group's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import subject_of

FOLDER = Path(__file__).parent


@pytest.mark.parametrize(("target", "caught"), [("groups.py:ConstructorsMaximize", True), ("kept.py:Kept", False)])
def test_a_switch_of_a_group_that_no_step_reads_is_caught(target: str, caught: bool, session: Session) -> None:
    """Two groups, one of which maximizes, do what two optimizers do, or break the clause."""
    subject = subject_of(recognise(f"{FOLDER / target}", "adamw", {}, session), session)
    judged = BY_IDENTIFIER["groups/own-settings"].judge(subject, Plan(1, 1, 0))
    assert judged.stop is None
    assert judged.tally.values
    assert bool(judged.tally.failures) is caught
