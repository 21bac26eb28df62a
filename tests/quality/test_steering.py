"""Cases are steered at the formula mutants that have survived."""

from __future__ import annotations

import dataclasses

from conformance.cases import Case
from conformance.engine import Unit, subject_of
from conformance.own_references import NUMPY, implementations
from conformance.power import Power
from conformance.steering import Steering
from conformance.strategies import local_cases
from impls.session import Session
from spec import rules as book
from spec.mutants import mutants
from spec.rule import UpdateRule

NAME = "learning rate: -1 off by 1e-6"


def _power(rule: UpdateRule, *alive: str) -> Power:
    """Return a run's power that has killed every mutant but those named."""
    names = {mutant.name for mutant in mutants(rule, book.families()[rule.name])}
    return Power(killed={rule.label: dict.fromkeys(names - set(alive), "an earlier cell")})


def _steered(rule: UpdateRule, power: Power) -> list[Case]:
    item = next(item for item in implementations() if item.rule == rule.name)
    with Session() as session:
        subject = subject_of(Unit(item, NUMPY, "cpu", "float64", (), 1, 0), session)
        subject = dataclasses.replace(subject, rules={(): rule})
        run: list[Case] = []
        Steering(power).explore(subject, local_cases({(): rule}, {}, 16), 0, run.append)
    return run


def test_the_cases_run_are_those_that_tell_a_survivor() -> None:
    """Of a step count off by 1e-6 in ASGD's learning rate a few cases of many tell."""
    rule = book.build("asgd")
    assert 0 < len(_steered(rule, _power(rule, NAME))) < 150


def test_nothing_is_drawn_where_all_are_killed_or_equivalent() -> None:
    """Undamped Nesterov SGD without its first branch is the same program: no case is sought."""
    rule = book.build("sgd", {"nesterov": "yes"})
    assert not _steered(rule, _power(rule, "momentum buffer: without the branch g"))
