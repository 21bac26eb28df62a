"""Several deviations of one cell: each is shown by its case, and the rest is judged beside them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from conformance.contract.case import ClauseCase
from conformance.contract.clause_kind import CLAUSE
from conformance.engine.ledger import Entry, Stored, load
from conformance.engine.verdict import CellResult, Verdict
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.subject import WorkerSubject
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.torch_paths import EAGER, SINGLE
from impls.session import Session
from tests.builders import claim, judged_beside, subject_of, unit_of

OPTIMIZER = """
import torch


class Careless(torch.optim.SGD):
    def __init__(self, params, **settings):
        super().__init__(params, **settings)
        self.careless = True

    def step(self):
        assert self.careless
        gradients = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        if any(gradient.is_sparse for gradient in gradients):
            raise RuntimeError("sparse gradients are not supported")
        if any(group["lr"] > 12.0 for group in self.param_groups):
            raise RuntimeError("too fast")
        kept = [(group["lr"], group["weight_decay"]) for group in self.param_groups]
        for group in self.param_groups:
            group["lr"], group["weight_decay"] = min(group["lr"], 0.25), 0.0
        super().step()
        for group, (lr, decay) in zip(self.param_groups, kept):
            group["lr"], group["weight_decay"] = lr, decay
"""
LEDGER = """
[[optimizer]]
id = "no-decay"
property = ["agreement/*", "life/interleaved"]
implementation = "Careless"
reason = "It leaves the weight decay out."
domains = { weight_decay = [0.0, 0.0] }

[[optimizer]]
id = "low-rate"
property = "agreement/*"
implementation = "Careless"
reason = "It takes a learning rate above a quarter as a quarter."
domains = { lr = [0.0, 0.25] }

[[optimizer]]
id = "too-fast"
property = "agreement/*"
implementation = "Careless"
reason = "It raises at a learning rate above 12."
domains = { lr = [0.0, 12.0] }

[[optimizer]]
id = "no-copy"
property = "life/interleaved"
implementation = "Careless"
reason = "A copy lacks an attribute."
observed = "it raises: AttributeError: *"
"""


@pytest.fixture(scope="module")
def subject(session: Session, tmp_path_factory: pytest.TempPathFactory) -> WorkerSubject:
    """Return an SGD that leaves out the decay and caps the rate, and whose copies cannot step."""
    path = tmp_path_factory.mktemp("careless") / "careless.py"
    path.write_text(OPTIMIZER)
    paths = (ExecutionPath("default", SINGLE, profile=EAGER),)
    options = {"decay": "coupled"}
    item = Implementation("Careless", f"{path}:Careless", "sgd", paths, options=options, counter=None)
    return subject_of(item, session)


@pytest.fixture(scope="module")
def entries(subject: WorkerSubject, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entry]:
    """Return the entries by name, each with a case that shows it."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.toml"
    path.write_text(LEDGER)
    rule = subject.rules[()]
    usual = {h.symbol.name: h.default for h in rule.hyperparameters}
    arithmetic = {
        "no-decay": usual | {"lambda": 1.0, "eta": 2.0**-7},
        "low-rate": usual | {"lambda": 0.0, "eta": 1.0},
        "too-fast": usual | {"lambda": 0.0, "eta": 16.0},
    }
    cases = {
        name: Stored(RULE.name, RULE.write(Case((), (GroupCase(settings, (TensorCase((4,), 0),)),))))
        for name, settings in arithmetic.items()
    }
    acts = {"shapes": [[1], [5]], "acts": [["deepcopy"], ["step", []]]}
    life = ClauseCase((), usual | {"eta": 2.0**-7}, acts)
    cases["no-copy"] = Stored(CLAUSE.name, CLAUSE.write(life))
    known = load(path)
    assert {entry.identifier for entry in known} == cases.keys()
    return {e.identifier: dataclasses.replace(e, cases=(cases[e.identifier],)) for e in known}


def _judged(subject: WorkerSubject, identifier: str, known: list[Entry]) -> CellResult:
    unit = unit_of(subject.implementation, cases=12)
    return judged_beside(known, unit, subject, claim(identifier))


def test_the_rest_is_judged_beside_every_deviation(subject: WorkerSubject, entries: dict[str, Entry]) -> None:
    """Two deviations in settings are known together, and neither alone explains the other."""
    for name in ("no-decay", "low-rate"):
        assert _judged(subject, "agreement/local", [entries[name]]).verdict is Verdict.FAIL
    both = [entries["no-decay"], entries["low-rate"]]
    result = _judged(subject, "agreement/local", both)
    assert result.verdict is Verdict.DEVIATION
    assert (result.deviation, *result.further) == ("no-decay", "low-rate")
    assert result.reason == "It leaves the weight decay out. It takes a learning rate above a quarter as a quarter."
    assert len(result.findings) == 2
    assert result.figures.cases > 1


def test_an_exception_that_is_known_is_a_finding_with_a_script(
    subject: WorkerSubject, entries: dict[str, Entry], shows: Callable[[str], object]
) -> None:
    """A case at which the step raises is a finding of that exception, which its script shows."""
    known = [entries["too-fast"], entries["no-decay"], entries["low-rate"]]
    result = _judged(subject, "agreement/local", known)
    assert result.verdict is Verdict.DEVIATION
    raised = result.findings[0]
    assert (raised.quantity, raised.legal[0]) == ("it raises", "no exception")
    assert "RuntimeError during `step`: too fast" in raised.value
    assert "'lr': 16.0" in raised.script
    assert "optimizer.step()\nexcept Exception as error:\n" in raised.script
    shows(raised.script)


def test_what_a_clause_sees_is_judged_beside_them(subject: WorkerSubject, entries: dict[str, Entry]) -> None:
    """In a life, an exception that is not known is new beside deviations in arithmetic."""
    decay, copies = entries["no-decay"], entries["no-copy"]
    assert _judged(subject, "life/interleaved", [decay]).verdict is Verdict.FAIL
    assert _judged(subject, "life/interleaved", [copies]).verdict is Verdict.FAIL
    result = _judged(subject, "life/interleaved", [decay, copies])
    assert result.verdict is Verdict.DEVIATION
    assert (result.deviation, *result.further) == ("no-decay", "no-copy")


def test_a_deviation_at_one_step_leaves_the_other_steps_judged(
    subject: WorkerSubject, entries: dict[str, Entry]
) -> None:
    """What is known of one step of the formula does not explain what happens at another."""
    decay = entries["no-decay"]
    every = dataclasses.replace(decay, domains={}, observed=("t=*: *",))
    assert _judged(subject, "agreement/local", [every, entries["low-rate"]]).deviation
    first = dataclasses.replace(decay, domains={}, observed=("t=1: *",))
    result = _judged(subject, "agreement/local", [first, entries["low-rate"]])
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].case["hyperparameters"]["t"] != "1"
