"""A known deviation of a scheduler hides nothing but itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.ledger import Entry
from conformance.schedules.deviations import Known, ledger
from conformance.schedules.judging import BY_IDENTIFIER, Judged, explore
from conformance.schedules.subject import Subject
from impls.scheduler import CLOSED
from impls.schedulers import claiming
from impls.session import Session

WRONG = Path(__file__).parents[1] / "quality" / "wrong_schedulers.py"
ENTRY = dataclasses.replace(ledger()[0], observed=(), domains={})


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all tests."""
    with Session() as worker:
        yield worker


def beside(session: Session, name: str, schedule: str, claim: str, entry: Entry) -> Judged:
    """Judge what an entry leaves of a property of a wrong scheduler."""
    subject = Subject(claiming(f"{WRONG}:{name}", schedule, {}, CLOSED), session)
    return explore(subject, BY_IDENTIFIER[claim], 12, 0, known=Known((entry,)))


@pytest.mark.parametrize(("observed", "explained"), [("ValueError: *", True), ("KeyError: *", False)])
def test_an_error_that_is_observed_is_known_and_another_is_new(
    session: Session, observed: str, explained: bool
) -> None:
    """A ValueError at a new group is known where the entry names that error, and there alone."""
    entry = dataclasses.replace(ENTRY, observed=(observed,))
    found = beside(session, "StopsAtANewGroup", "cosine", "groups/added", entry)
    assert (found.failure is None) == explained


@pytest.mark.parametrize(("growth", "explained"), [((1, 1), True), ((1, 3), False)])
def test_settings_within_the_domains_are_judged(
    session: Session, growth: tuple[int, int], explained: bool
) -> None:
    """Restarts that are missed where cycles grow are no news to an entry that leaves growth out."""
    entry = dataclasses.replace(ENTRY, domains={"T_mult": growth})
    found = beside(session, "MissesFarRestarts", "cosine_restarts", "epoch/restarts", entry)
    assert (found.failure is None) == explained
    assert found.tally.values


def test_an_entry_that_names_neither_leaves_nothing_to_judge() -> None:
    """The rest of a cell is judged beside what was observed, or within domains, and else not at all."""
    assert not Known((ENTRY,)).judgeable
    assert Known((dataclasses.replace(ENTRY, observed=("ValueError: *",)),)).judgeable
    assert Known((dataclasses.replace(ENTRY, domains={"T_mult": (1, 1)}),)).judgeable
