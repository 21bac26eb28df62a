"""Formulas with two mistakes are told from those of the optimizers that are shipped, on the cases of these."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from conformance.catalogue.optimizer_units import OptimizerUnit, units
from conformance.engine.power import Power
from conformance.engine.verdict import Verdict
from conformance.optimizers import mutants
from impls.libraries import LIBRARIES
from impls.session import Session
from spec import rules as book
from spec.mutants import RuleMutant, of_rule
from spec.rule import UpdateRule
from tests.builders import results_of

OURS = LIBRARIES["stepproof_optim"]
COUNT = 24
"""So many pairs of mistakes are drawn of each variant of a rule."""
RULES = ("SGD", "AdamW", "NAdam", "RAdam", "Yogi", "AdaBound", "Lion", "Adan")


def two_mistakes(rule: UpdateRule) -> tuple[RuleMutant, ...]:
    """Return mutants of mutants of a rule, drawn with a seed, each once."""
    drawn, family = np.random.default_rng(20), book.family(rule.name)
    firsts = mutants.of(rule)
    found: dict[str, RuleMutant] = {}
    for place in drawn.permutation(len(firsts))[:COUNT]:
        first = firsts[place]
        seconds = of_rule(first.wrong, family)
        second = seconds[drawn.integers(len(seconds))]
        both = f"{first.line}; {second.line}"
        found[both] = RuleMutant(f"{first.name}; {second.name}", both, second.wrong, rule)
    return tuple(found.values())


@dataclasses.dataclass(frozen=True)
class OfTwo(OptimizerUnit):
    """A unit whose cases are to tell two mistakes at once."""

    def power(self) -> Power:
        """Return the power of the unit, which the test keeps."""
        KEPT[self.implementation.identifier] = Power(two_mistakes)
        return KEPT[self.implementation.identifier]


KEPT: dict[str, Power] = {}


@pytest.mark.thorough
@pytest.mark.parametrize("name", RULES)
def test_no_pair_of_mistakes_lives(name: str, production_session: Session) -> None:
    """Every pair is killed by the cases of agreement in float32, or proven to be the formula itself."""
    (item,) = (i for i in OURS.implementations if i.identifier == f"stepproof_optim.{name}")
    item = dataclasses.replace(item, paths=tuple(p for p in item.paths if p.name == "fused"))
    (unit,) = units((item,), device="cpu", dtypes=("float32",), properties=("agreement/local",), budget=1.0, seed=0)
    results = results_of(OfTwo(**{f.name: getattr(unit, f.name) for f in dataclasses.fields(unit)}), production_session)
    assert {result.verdict for result in results} == {Verdict.PASS}
    power = KEPT[item.identifier]
    alive = [
        mutant
        for label in power.mutants
        for mutant in power.mutants[label].values()
        if mutant.line not in power.killed[label]
    ]
    assert sum(map(len, power.killed.values())) > COUNT / 2
    assert [mutant.name for mutant in alive if not mutant.equivalent] == []
