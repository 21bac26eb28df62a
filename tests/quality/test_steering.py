"""Cases are steered at the formula mutants that have survived."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.engine.exploration import Exploration
from conformance.engine.power import Power
from conformance.optimizers import climbing, targeting
from conformance.optimizers import mutants as rule_mutants
from conformance.optimizers.cases import Case
from conformance.optimizers.found_profile import FoundProfile
from conformance.optimizers.prepared import prepare
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.strategies import local_cases
from impls.session import Session
from reference.undefined import Undefined
from spec import rules as book
from spec.mutants import RuleMutant, mutants
from spec.rule import UpdateRule
from tests.builders import entry, subject_of

NAME = "learning rate: -1 off by 1e-6"


def _power(rule: UpdateRule, *alive: str) -> Power:
    """Return a run's power that has killed every mutant but those named."""
    dead = [mutant.line for mutant in mutants(rule, book.family(rule.name)) if mutant.name not in alive]
    killed = {rule.label: dict.fromkeys(dead, "an earlier cell")}
    return Power(rule_mutants.of, killed=killed)


def _steered(rule: UpdateRule, power: Power, session: Session, dtype: str = "float64") -> list[Case]:
    subject = subject_of(entry(f"reference.{rule.name}"), session, dtype=dtype)
    subject = dataclasses.replace(subject, rules={(): rule})
    run: list[Case] = []
    targeting.explore(Exploration(RULE), subject, local_cases({(): rule}, {}, 16), 0, power, run.append)
    return run


def _climb(rule: UpdateRule, mutant: RuleMutant, session: Session) -> climbing.Climb:
    subject = subject_of(entry(f"reference.{rule.name}"), session, dtype="float64")
    return climbing.Climb(dataclasses.replace(subject, rules={(): rule}), (), mutant, {})


def test_the_cases_run_are_those_that_tell_a_survivor(session: Session) -> None:
    """Of a step count off by 1e-6 in ASGD's learning rate a few cases of many tell."""
    rule = book.build("asgd")
    assert 0 < len(_steered(rule, _power(rule, NAME), session)) < 150


def test_a_survivor_that_no_drawn_case_tells_is_climbed_to(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight decay off by 1e-6 in the trust ratio of LARS shows in float32 with one element and a strong decay."""
    monkeypatch.setattr(targeting, "DRAWN", 2)
    rule = book.build("lars")
    power = _power(rule, "trust ratio: W*lambda off by 1e-6")
    (case,) = _steered(rule, power, session, "float32")
    assert case.elements <= 2
    assert case.groups[0].hyperparameters["lambda"] > 0


def test_what_only_a_finer_format_tells_is_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step count off by 1e-6 in a momentum of NAdam is less than the roundings of float32, and shows in float64."""
    monkeypatch.setattr(targeting, "DRAWN", 2)
    monkeypatch.setattr(climbing, "MOVES", 40)
    rule = book.build("nadam")
    alive = next(m for m in mutants(rule, book.family("nadam")) if "t + 1000001/1000000" in m.line)
    dead = (m.line for m in mutants(rule, book.family("nadam")) if m.line != alive.line)
    power = Power(rule_mutants.of, killed={rule.label: dict.fromkeys(dead, "an earlier cell")})
    subject = subject_of(entry("reference.nadam"), session, dtype="float32")
    found = FoundProfile(subject.profile, subject.profile)
    subject = dataclasses.replace(subject, rules={(): rule}, found=found)
    targeting.explore(Exploration(RULE), subject, local_cases({(): rule}, {}, 16), 0, power, lambda _: None)
    assert found.spared == {rule.label: {alive.line}}


def test_nothing_is_drawn_where_all_are_killed_or_equivalent(session: Session) -> None:
    """Undamped Nesterov SGD without its first branch is the same program: no case is sought."""
    rule = book.build("sgd", {"nesterov": "yes"})
    assert not _steered(rule, _power(rule, "momentum buffer: without the branch g"), session)


def test_no_case_leaves_what_a_subject_takes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where momentum 0 is not what the rule says of it, though it is the default, no climb begins there."""
    monkeypatch.setattr(targeting, "DRAWN", 1)
    rule = book.build("sgd")
    kept = [
        dataclasses.replace(h, domain=dataclasses.replace(h.domain, low=0.25)) if h.symbol.name == "mu" else h
        for h in rule.hyperparameters
    ]
    rule = dataclasses.replace(rule, hyperparameters=tuple(kept))
    run = _steered(rule, Power(rule_mutants.of), session)
    assert run
    assert all(case.groups[0].hyperparameters["mu"] >= 0.25 for case in run)


def test_no_way_is_climbed_on_which_nothing_is_noticed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an equivalent formula, of which the proof may take minutes, no more moves are made than patience is had."""
    rule = book.build("sgd", {"nesterov": "yes"})
    (mutant,) = _power(rule, "momentum buffer: without the branch g").open(rule)
    moves: list[Case] = []
    monkeypatch.setattr(climbing, "prepare", lambda case, *given: moves.append(case) or prepare(case, *given))
    assert _climb(rule, mutant, session).found([], 0) is None
    assert len(moves) == climbing.PATIENCE


def test_where_a_formula_has_no_value_the_climb_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends in no error of ours."""

    def undefined(*_: object) -> None:
        raise Undefined

    rule = book.build("asgd")
    (mutant,) = _power(rule, NAME).open(rule)
    monkeypatch.setattr(rule_mutants, "exact_step", undefined)
    assert _climb(rule, mutant, session).found([], 0) is None
