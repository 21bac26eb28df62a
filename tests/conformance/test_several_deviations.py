"""Several deviations of one cell: each is shown by its case, and the rest is judged beside them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from conformance import engine
from conformance.cases import Case, GroupCase, TensorCase
from conformance.claims import BY_IDENTIFIER
from conformance.contract.case import ClauseCase
from conformance.engine import Unit, judge_cell, subject_of
from conformance.ledger import Entry, load
from conformance.power import Power
from conformance.subject import WorkerSubject
from conformance.verdict import CellResult, Verdict
from impls.catalogue import EAGER, SINGLE, ExecutionPath, Implementation
from impls.session import Session

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
[[deviation]]
id = "no-decay"
property = ["agreement/*", "life/interleaved"]
implementation = "Careless"
reason = "It leaves the weight decay out."
domains = { weight_decay = [0.0, 0.0] }

[[deviation]]
id = "low-rate"
property = "agreement/*"
implementation = "Careless"
reason = "It takes a learning rate above a quarter as a quarter."
domains = { lr = [0.0, 0.25] }

[[deviation]]
id = "too-fast"
property = "agreement/*"
implementation = "Careless"
reason = "It raises at a learning rate above 12."
domains = { lr = [0.0, 12.0] }

[[deviation]]
id = "no-copy"
property = "life/interleaved"
implementation = "Careless"
reason = "A copy lacks an attribute."
observed = "it raises: AttributeError: *"
"""


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerSubject]:
    """Return an SGD that leaves out the decay and caps the rate, and whose copies cannot step."""
    path = tmp_path_factory.mktemp("careless") / "careless.py"
    path.write_text(OPTIMIZER)
    item = Implementation(
        "Careless", f"{path}:Careless", "sgd", (ExecutionPath("default", SINGLE, profile=EAGER),),
        options={"decay": "coupled"}, counter=None,
    )  # fmt: skip
    with Session() as session:
        yield subject_of(Unit(item, item.paths[0], "cpu", "float32", (), 1, 0), session)


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
    cases: dict[str, Case | ClauseCase] = {
        name: Case((), (GroupCase(settings, (TensorCase((4,), 0),)),))
        for name, settings in arithmetic.items()
    }
    acts = {"shapes": [[1], [5]], "acts": [["deepcopy"], ["step", []]]}
    cases["no-copy"] = ClauseCase((), usual | {"eta": 2.0**-7}, acts)
    return {entry.identifier: entry.with_cases([cases[entry.identifier]]) for entry in load(path)}


def _judged(
    subject: WorkerSubject, claim: str, known: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> CellResult:
    unit = Unit(subject.implementation, subject.path, "cpu", "float32", (), 12, 0, measure_power=False)
    monkeypatch.setattr(engine, "load", lambda: tuple(known))
    return judge_cell(unit, subject, BY_IDENTIFIER[claim], "2", Power())


def test_the_rest_is_judged_beside_every_deviation(
    subject: WorkerSubject, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two deviations in settings are known together, and neither alone explains the other."""
    for name in ("no-decay", "low-rate"):
        assert _judged(subject, "agreement/local", [entries[name]], monkeypatch).verdict is Verdict.FAIL
    both = [entries["no-decay"], entries["low-rate"]]
    result = _judged(subject, "agreement/local", both, monkeypatch)
    assert result.verdict is Verdict.DEVIATION
    assert (result.deviation, *result.further) == ("no-decay", "low-rate")
    assert (
        result.reason
        == "It leaves the weight decay out. It takes a learning rate above a quarter as a quarter."
    )
    assert len(result.findings) == 2
    assert result.figures.cases > 1


def test_an_exception_that_is_known_is_a_finding_with_a_script(
    subject: WorkerSubject,
    entries: dict[str, Entry],
    monkeypatch: pytest.MonkeyPatch,
    shows: Callable[[str], object],
) -> None:
    """A case at which the step raises is a finding of that exception, which its script shows."""
    known = [entries["too-fast"], entries["no-decay"], entries["low-rate"]]
    result = _judged(subject, "agreement/local", known, monkeypatch)
    assert result.verdict is Verdict.DEVIATION
    raised = result.findings[0]
    assert (raised.quantity, raised.legal[0]) == ("it raises", "no exception")
    assert "RuntimeError during `step`: too fast" in raised.value
    assert "'lr': 16.0" in raised.script
    assert "optimizer.step()\nexcept Exception as error:\n" in raised.script
    shows(raised.script)


def test_what_a_clause_sees_is_judged_beside_them(
    subject: WorkerSubject, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a life, an exception that is not known is new beside deviations in arithmetic."""
    decay, copies = entries["no-decay"], entries["no-copy"]
    assert _judged(subject, "life/interleaved", [decay], monkeypatch).verdict is Verdict.FAIL
    assert _judged(subject, "life/interleaved", [copies], monkeypatch).verdict is Verdict.FAIL
    result = _judged(subject, "life/interleaved", [decay, copies], monkeypatch)
    assert result.verdict is Verdict.DEVIATION
    assert (result.deviation, *result.further) == ("no-decay", "no-copy")


def test_a_deviation_at_one_step_leaves_the_other_steps_judged(
    subject: WorkerSubject, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of one step of the formula does not explain what happens at another."""
    decay = entries["no-decay"]
    every = dataclasses.replace(decay, domains={}, observed=("t=*: *",))
    assert _judged(subject, "agreement/local", [every, entries["low-rate"]], monkeypatch).deviation
    first = dataclasses.replace(decay, domains={}, observed=("t=1: *",))
    result = _judged(subject, "agreement/local", [first, entries["low-rate"]], monkeypatch)
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].case["hyperparameters"]["t"] != "1"
