"""The power of a run: what counts as a killed mutant."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.catalogue.catalogued import implementations
from conformance.catalogue.optimizer_units import units
from conformance.engine.exploration import Exploration
from conformance.engine.power import Power
from conformance.optimizers import agreement
from conformance.optimizers import mutants as rule_mutants
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import prepare
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.strategies import local_cases
from impls.session import Session
from reference.formats import FLOAT64, Array
from reference.intervals.enclosure import program
from reference.intervals.exact import exact_step
from spec import rules as book
from spec.mutants import RuleMutant, mutants
from tests.builders import subject_of

ITEMS = {item.rule: item for item in implementations()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_rule_itself_is_no_killed_mutant(name: str, dtype: str, session: Session) -> None:
    """The correctly rounded step of a rule lies in its own enclosures, lines kept in bfloat16 too."""
    subject = subject_of(ITEMS[name], session, dtype=dtype)
    (switches, rule), *_ = subject.rules.items()
    power = Power(lambda _: (RuleMutant("none", "", rule, rule),))
    exploration, tried = Exploration(RULE), []

    def body(case: Case) -> None:
        prepared = prepare(case, rule, subject.storage)
        outcome = subject.run(case, prepared)
        samples = agreement.judge(case, prepared, outcome, subject, exploration.evidence.tally)
        tried.extend(samples)
        rule_mutants.kill(power, samples, subject.storage, "a cell")

    exploration.drawn(local_cases({switches: rule}, {}, 64), 12, 0, body)
    assert exploration.evidence.stop is None
    assert exploration.evidence.tally.cases == 12
    assert len(tried) >= 12
    assert power.killed == {rule.label: {}}


@pytest.mark.parametrize("name", ["adam", "adabound", "muon", "nadam", "rprop"])
def test_a_mutants_step_is_the_same_from_lines_that_are_shared(name: str) -> None:
    """The lines that a mutant takes over from its rule are those that it would compute itself."""
    rule = book.build(name)
    rng = np.random.default_rng(0)
    shape = (4, 3) if rule.matrices else (12,)
    scalars = {h.symbol.name: h.default for h in rule.hyperparameters} | {"t": 3.0}
    scalars |= {state.symbol.name: 0.5 for state in rule.states if state.scalar}
    tensors = [q.symbol.name for q in rule.quantities if not q.scalar]
    before = {key: np.abs(rng.normal(size=shape)) for key in (*tensors, "g")}
    lines: dict[str, Array] = {}
    exact_step(program(rule, frozenset()), FLOAT64, scalars, before, None, lines)
    found = mutants(rule, book.families()[name])
    assert any(mutant.unchanged for mutant in found)
    for mutant in found:
        compiled = program(mutant.wrong, frozenset())
        shared = {key: value for key, value in lines.items() if key in mutant.unchanged}
        with np.errstate(all="ignore"):
            alone = exact_step(compiled, FLOAT64, scalars, before)
            together = exact_step(compiled, FLOAT64, scalars, before, None, shared)
        for key, value in alone.items():
            np.testing.assert_array_equal(together[key], value, mutant.name)


def test_survivors_are_steered_at_in_the_finest_format_alone() -> None:
    """Of a path that is judged in three formats only that with the most digits draws further cases."""
    asked = ("bfloat16", "float64", "float32")
    drawn = units((ITEMS["adam"],), device="cpu", dtypes=asked, properties=("agreement/local",), budget=1.0, seed=0)
    assert [unit.dtype for unit in drawn if unit.steer] == ["float64"]
