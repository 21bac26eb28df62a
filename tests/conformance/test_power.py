"""The power of a run: what counts as a killed mutant."""

from __future__ import annotations

import pytest

from conformance import agreement
from conformance.agreement import Tally
from conformance.cases import Case
from conformance.engine import Unit, subject_of
from conformance.exploration import explore
from conformance.own_references import NUMPY, implementations
from conformance.power import Power
from conformance.strategies import local_cases
from conformance.subject import prepare
from impls.session import Session
from spec.mutants import Mutant

ITEMS = {item.rule: item for item in implementations()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_rule_itself_is_no_killed_mutant(name: str, dtype: str) -> None:
    """The correctly rounded step of a rule lies in its own enclosures, lines kept in bfloat16 too."""
    with Session() as session:
        subject = subject_of(Unit(ITEMS[name], NUMPY, "cpu", dtype, (), 1, 0), session)
        power, rule = Power(), next(iter(subject.rules.values()))
        power.mutants[rule.label] = (Mutant("none", "", rule, rule),)
        power.killed[rule.label] = {}

        def body(case: Case) -> None:
            prepared = prepare(case, rule, subject.storage)
            taken = agreement.judge(case, prepared, subject.run(case, prepared), subject, Tally())
            power.add(taken, subject.storage, "a cell")

        explore(local_cases(dict.fromkeys(list(subject.rules)[:1], rule), {}, 64), 12, 0, body)
    assert not power.killed[rule.label]
