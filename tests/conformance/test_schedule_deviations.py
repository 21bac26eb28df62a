"""A known deviation of a scheduler hides nothing but itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conformance.engine.claim import Plan
from conformance.engine.evidence import Evidence
from conformance.engine.ledger import SCHEDULERS, Entry, Stored
from conformance.engine.replay import is_known, judge_known
from conformance.engine.verdict import CellResult, Verdict
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.scheduler_entries import CLOSED
from impls.libraries import claiming
from impls.session import Session
from tests.builders import scheduler_claim

WRONG = Path(__file__).parents[1] / "quality" / "wrong_schedulers.py"
ENTRY = Entry("a", SCHEDULERS, ("*",), ("*",), "It does otherwise.")
ADDED = ("StopsAtANewGroup", "cosine", "groups/added")
RESTARTS = ("MissesFarRestarts", "cosine_restarts", "epoch/restarts")


def subject_of(session: Session, name: str, schedule: str) -> SchedulerSubject:
    """Return a wrong scheduler as it is judged."""
    return SchedulerSubject(claiming(f"{WRONG}:{name}", schedule, {}, CLOSED), session)


def beside(session: Session, name: str, schedule: str, identifier: str, entry: Entry) -> Evidence:
    """Judge what an entry leaves of a property of a wrong scheduler."""
    subject = subject_of(session, name, schedule).beside(entry)
    explained = (lambda failure: is_known(entry, failure)) if entry.observed else (lambda _: False)
    return scheduler_claim(identifier).judge(subject, Plan(12, 0, 0, explained=explained))


@pytest.mark.parametrize(("observed", "explained"), [("ValueError: *", True), ("KeyError: *", False)])
def test_an_error_that_is_observed_is_known_and_another_is_new(
    session: Session, observed: str, explained: bool
) -> None:
    """A ValueError at a new group is known where the entry names that error, and there alone."""
    found = beside(session, *ADDED, dataclasses.replace(ENTRY, observed=(observed,)))
    assert found.tally.cases
    assert (not found.tally.failures) == explained


@pytest.mark.parametrize(("growth", "explained"), [((1, 1), True), ((1, 3), False)])
def test_settings_within_the_domains_are_judged(session: Session, growth: tuple[int, int], explained: bool) -> None:
    """Restarts that are missed where cycles grow are no news to an entry that leaves growth out."""
    found = beside(session, *RESTARTS, dataclasses.replace(ENTRY, domains={"T_mult": growth}))
    assert (not found.tally.failures) == explained
    assert found.tally.values


@pytest.mark.parametrize("observed", [(), ("ValueError: *",)])
def test_an_entry_that_names_neither_leaves_nothing_to_judge(session: Session, observed: tuple[str, ...]) -> None:
    """Beside what was observed the rest of a cell is judged; an entry that says no more than why is all."""
    name, schedule, identifier = ADDED
    subject, asked, explored = subject_of(session, name, schedule), scheduler_claim(identifier), []
    (failure,) = asked.judge(subject, Plan(12, 0, 0)).tally.failures
    stored = Stored(asked.kind.name, asked.kind.write(failure.case), identifier)
    entry = dataclasses.replace(ENTRY, observed=observed, cases=(stored,))
    cell = subject.cell(identifier)

    def explore(*_: object) -> CellResult:
        explored.append(cell)
        return CellResult(cell, Verdict.PASS)

    result = judge_known(subject, asked, cell, [entry], explore, lambda _: True)
    assert result.verdict is Verdict.DEVIATION
    assert bool(explored) is bool(observed)
