"""Every clause of searches is broken by a minimiser written for it, or by torch's own, as the ledger says."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER, CLAUSES
from conformance.engine import Unit, subject_of
from conformance.ledger import load
from conformance.properties import Plan
from conformance.subject import WorkerSubject
from impls.catalogue import CATALOGUE
from impls.session import Session

FILE = Path(__file__).parent / "contract" / "searches.py"
BROKEN = [
    (str(ast.get_docstring(node)), node.name)
    for node in ast.parse(FILE.read_text()).body
    if isinstance(node, ast.ClassDef)
]
SEARCHES = tuple(clause for clause in CLAUSES if clause.searching)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all tests."""
    with Session() as started:
        yield started


def _subject(target: str, session: Session) -> WorkerSubject:
    item = next(item for item in CATALOGUE if item.adapts)
    item = dataclasses.replace(item, adapts=target)
    unit = Unit(item, item.paths[0], "cpu", "float64", (), 4, 0, measure_power=False)
    subject = subject_of(unit, session)
    assert isinstance(subject, WorkerSubject)
    return subject


@pytest.mark.parametrize(("identifier", "name"), BROKEN)
def test_a_minimiser_that_breaks_a_clause_is_caught_by_it(
    identifier: str, name: str, session: Session
) -> None:
    """The clause finds what the minimiser written for it does wrong."""
    judged = BY_IDENTIFIER[identifier].judge(_subject(f"{FILE}:{name}", session), Plan(4, 1, 0))
    assert judged.exploration.stopped is None
    assert judged.tally.failures


def test_every_clause_of_searches_is_violated_by_something() -> None:
    """Each clause has a minimiser here that breaks it, or a deviation of torch's own in the ledger."""
    known = {name for entry in load() for name in entry.properties if "torch.LBFGS" in entry.implementations}
    assert {clause.identifier for clause in SEARCHES} == known | {name for name, _ in BROKEN}


def test_a_clause_of_searches_concerns_no_other_optimizer(session: Session) -> None:
    """An optimizer that does not call the function says so for each of these clauses."""
    item = next(item for item in CATALOGUE if item.identifier == "torch.Adam")
    subject = subject_of(Unit(item, item.paths[0], "cpu", "float64", (), 4, 0), session)
    assert {clause.applies(subject) for clause in SEARCHES} == {"it does not call the function itself"}
