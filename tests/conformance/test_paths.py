"""What is run on a path, what is said of the rest, and with which settings stability is judged."""

from __future__ import annotations

import pytest

from conformance.catalogue import selection
from conformance.catalogue.optimizer_units import OptimizerUnit, units
from conformance.claims import identifiers
from conformance.contract.clauses import CLAUSES
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Verdict
from conformance.optimizers.defaults import own_defaults
from impls.session import Session
from tests.builders import entry, result_of, subject_of

ADAM = entry("torch.Adam")
EVERY = identifiers(OPTIMIZERS)


def _units(*asked: str, properties: tuple[str, ...] = EVERY) -> list[OptimizerUnit]:
    return units((ADAM,), device="cpu", dtypes=("float32",), properties=properties, budget=1, seed=0, asked=asked)


def _paths(*asked: str) -> set[str]:
    return {unit.path.name for unit in _units(*asked)}


def test_a_path_on_request_is_run_where_it_is_asked_for() -> None:
    """A compiled step is judged when its path is named, and no other path beside it."""
    assert _paths() == {"single-tensor", "foreach", "fused", "differentiable"}
    assert _paths("compiled") == {"compiled"}


def test_what_is_left_out_is_said_to_be_not_run() -> None:
    """A path on request and the clauses that a path cannot run have a sentence each."""
    path, clauses = selection.left_out((ADAM,), "cpu", (), EVERY)
    assert "not run: the path compiled of torch.Adam" in path
    assert "--path compiled" in path
    unasked = [name for name in EVERY if not ADAM.path("differentiable", "cpu").judges(name)]
    assert {clause.identifier for clause in CLAUSES} <= set(unasked)
    assert f"not run: {len(unasked)} of the {len(EVERY)} properties" in clauses
    assert "differentiable" in clauses


def test_a_path_is_judged_by_the_properties_that_it_names_alone() -> None:
    """No clause of the contract becomes a cell of a path that cannot run it."""
    judged = next(unit.properties for unit in _units() if unit.path.name == "differentiable")
    assert "agreement/local" in judged
    assert not {clause.identifier for clause in CLAUSES} & set(judged)


def test_without_a_compiler_the_compiled_path_is_not_run() -> None:
    """A torch that finds no C++ compiler gives a reason, and no verdict that is a pass."""
    (unit,) = _units("compiled", properties=("agreement/local",))
    with Session(environment={"CXX": "no-such-compiler"}) as session:
        result = result_of(unit, session)
    assert result.verdict is Verdict.NOT_RUN
    assert "torch compiles nothing here" in result.reason


@pytest.mark.parametrize(("name", "expected"), [("torch.Adafactor", 2.0**-23), ("torch.SGD", None)])
def test_stability_is_judged_with_the_implementations_own_defaults(
    name: str, expected: float | None, session: Session
) -> None:
    """Adafactor's first eps is the machine epsilon, which is what its None means."""
    subject = subject_of(entry(name), session, path="single-tensor")
    defaults = own_defaults(subject, next(iter(subject.rules.values())))
    assert defaults.get("epsilon1") == expected
    assert defaults["eta"] == {"torch.Adafactor": 1e-2, "torch.SGD": 1e-3}[name]
