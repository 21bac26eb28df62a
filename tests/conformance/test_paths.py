"""What is run on a path, what is said of the rest, and with which settings stability is judged."""

from __future__ import annotations

import pytest

from conformance import scope
from conformance.contract.clauses import CLAUSES
from conformance.defaults import own_defaults
from conformance.engine import ALL_PROPERTIES, judge_unit, units
from conformance.subject import worker_subject
from conformance.verdict import Verdict
from impls.catalogue import CATALOGUE, Implementation
from impls.session import Session
from reference.formats import FLOAT32


def _named(name: str) -> Implementation:
    return next(item for item in CATALOGUE if item.identifier == name)


ADAM = _named("torch.Adam")


def _paths(asked: tuple[str, ...]) -> set[str]:
    plan = units(
        (ADAM,), device="cpu", dtypes=("float32",), properties=ALL_PROPERTIES, budget=1, seed=0, asked=asked
    )
    return {unit.path.name for unit in plan}


def test_a_path_on_request_is_run_where_it_is_asked_for() -> None:
    """A compiled step is judged when its path is named, and no other path beside it."""
    assert _paths(()) == {"single-tensor", "foreach", "fused", "differentiable"}
    assert _paths(("compiled",)) == {"compiled"}


def test_what_is_left_out_is_said_to_be_not_run() -> None:
    """A path on request and the clauses that a path cannot run have a sentence each."""
    path, clauses = scope.left_out((ADAM,), "cpu", (), ALL_PROPERTIES)
    assert "not run: the path compiled of torch.Adam" in path
    assert "--path compiled" in path
    assert f"not run: {len(CLAUSES)} of the {len(ALL_PROPERTIES)} properties" in clauses
    assert "differentiable" in clauses


def test_a_path_is_judged_by_the_properties_that_it_names_alone() -> None:
    """No clause of the contract becomes a cell of a path that cannot run it."""
    plan = units((ADAM,), device="cpu", dtypes=("float32",), properties=ALL_PROPERTIES, budget=1, seed=0)
    judged = next(unit.properties for unit in plan if unit.path.name == "differentiable")
    assert "agreement/local" in judged
    assert not {clause.identifier for clause in CLAUSES} & set(judged)


def test_without_a_compiler_the_compiled_path_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that finds no C++ compiler gives a reason, and no verdict that is a pass."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr("conformance.engine._SESSIONS", {})
    unit, = units((ADAM,), device="cpu", dtypes=("float32",), properties=("agreement/local",), budget=1,
                  seed=0, asked=("compiled",))  # fmt: skip
    (result,) = judge_unit(unit).results
    assert result.verdict is Verdict.NOT_RUN
    assert "torch compiles nothing here" in result.reason


@pytest.mark.parametrize(("name", "expected"), [("torch.Adafactor", 2.0**-23), ("torch.SGD", None)])
def test_stability_is_judged_with_the_implementations_own_defaults(name: str, expected: float | None) -> None:
    """Adafactor's first eps is the machine epsilon, which is what its None means."""
    item = _named(name)
    with Session() as session:
        subject = worker_subject(item, item.path("single-tensor", "cpu"), "cpu", FLOAT32, session)
        defaults = own_defaults(subject, next(iter(subject.rules.values())))
    assert defaults.get("epsilon1") == expected
    assert defaults["eta"] == {"torch.Adafactor": 1e-2, "torch.SGD": 1e-3}[name]
