"""Every clause of searches is broken by a minimiser written for it, or by torch's own, as the ledger says."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER, CLAUSES
from conformance.contract.observation import Breach
from conformance.contract.script import script
from conformance.engine.claim import Plan
from conformance.engine.ledger import load
from conformance.optimizers.subject import WorkerSubject
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session
from tests.builders import entry, subject_of

FILE = Path(__file__).parent / "contract" / "searches.py"
BROKEN = [
    (str(ast.get_docstring(node)), node.name)
    for node in ast.parse(FILE.read_text()).body
    if isinstance(node, ast.ClassDef)
]
SEARCHES = tuple(clause for clause in CLAUSES if clause.searching)


def _subject(target: str, session: Session) -> WorkerSubject:
    item = next(item for item in CATALOGUE if item.adapts)
    return subject_of(dataclasses.replace(item, adapts=target), session, dtype="float64")


@pytest.mark.parametrize(("identifier", "name"), BROKEN)
def test_a_minimiser_that_breaks_a_clause_is_caught_by_it(identifier: str, name: str, session: Session) -> None:
    """The clause finds what the minimiser written for it does wrong."""
    judged = BY_IDENTIFIER[identifier].judge(_subject(f"{FILE}:{name}", session), Plan(4, 1, 0))
    assert judged.stop is None
    assert judged.tally.failures


def test_every_clause_of_searches_is_violated_by_something() -> None:
    """Each clause has a minimiser here that breaks it, or a deviation of torch's own in the ledger."""
    known = {name for e in load() for name in e.properties if "torch.LBFGS" in e.implementations}
    assert {clause.identifier for clause in SEARCHES} == known | {name for name, _ in BROKEN}


def test_a_clause_of_searches_concerns_no_other_optimizer(session: Session) -> None:
    """An optimizer that does not call the function says so for each of these clauses."""
    subject = subject_of(entry("torch.Adam"), session, dtype="float64")
    assert {clause.applies(subject) for clause in SEARCHES} == {"it does not call the function itself"}


def test_the_script_of_a_search_shows_it_and_not_of_a_right_one(
    session: Session, shows: Callable[[str], object], shows_not: Callable[[str], object]
) -> None:
    """A number outside its ball is shown by torch alone, and torch's own minimiser in its place is right."""
    subject, clause = _subject(f"{FILE}:WrongReciprocal", session), BY_IDENTIFIER["search/iterates"]
    breach = clause.judge(subject, Plan(2, 1, 0)).tally.failures[0]
    assert isinstance(breach, Breach)
    text = script(subject, clause, breach)
    shows(text)
    shows_not(text.replace("module.WrongReciprocal", "torch.optim.LBFGS"))
