"""Cases are steered at the formula mutants that have survived."""

from __future__ import annotations

import dataclasses

from conformance.engine.exploration import Exploration
from conformance.engine.power import Power
from conformance.optimizers import mutants as rule_mutants
from conformance.optimizers import targeting
from conformance.optimizers.cases import Case
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.strategies import local_cases
from impls.session import Session
from spec import rules as book
from spec.mutants import mutants
from spec.rule import UpdateRule
from tests.builders import entry, subject_of

NAME = "learning rate: -1 off by 1e-6"


def _power(rule: UpdateRule, *alive: str) -> Power:
    """Return a run's power that has killed every mutant but those named."""
    dead = [mutant.line for mutant in mutants(rule, book.family(rule.name)) if mutant.name not in alive]
    killed = {rule.label: dict.fromkeys(dead, "an earlier cell")}
    return Power(rule_mutants.of, killed=killed)


def _steered(rule: UpdateRule, power: Power, session: Session) -> list[Case]:
    subject = subject_of(entry(f"reference.{rule.name}"), session, dtype="float64")
    subject = dataclasses.replace(subject, rules={(): rule})
    run: list[Case] = []
    targeting.explore(Exploration(RULE), subject, local_cases({(): rule}, {}, 16), 0, power, run.append)
    return run


def test_the_cases_run_are_those_that_tell_a_survivor(session: Session) -> None:
    """Of a step count off by 1e-6 in ASGD's learning rate a few cases of many tell."""
    rule = book.build("asgd")
    assert 0 < len(_steered(rule, _power(rule, NAME), session)) < 150


def test_nothing_is_drawn_where_all_are_killed_or_equivalent(session: Session) -> None:
    """Undamped Nesterov SGD without its first branch is the same program: no case is sought."""
    rule = book.build("sgd", {"nesterov": "yes"})
    assert not _steered(rule, _power(rule, "momentum buffer: without the branch g"), session)
