"""A group's own switches: held to the clause about a group's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine import Unit, subject_of
from conformance.properties import Plan
from conformance.recognition import recognise
from impls.session import Session

FOLDER = Path(__file__).parent


@pytest.mark.parametrize(
    ("target", "caught"), [("groups.py:ConstructorsMaximize", True), ("kept.py:Kept", False)]
)
def test_a_switch_of_a_group_that_no_step_reads_is_caught(target: str, caught: bool) -> None:
    """Two groups, one of which maximizes, do what two optimizers do, or break the clause."""
    with Session() as session:
        item = recognise(f"{FOLDER / target}", "adamw", {}, session)
        subject = subject_of(Unit(item, item.paths[0], "cpu", "float32", (), 1, 0), session)
        judged = BY_IDENTIFIER["groups/own-settings"].judge(subject, Plan(1, 1, 0))
    assert judged.exploration.stopped is None
    assert bool(judged.tally.failures) is caught
