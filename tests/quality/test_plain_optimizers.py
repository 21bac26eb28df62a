"""A right class of every rule is judged, whichever way it counts and whether or not it takes a decay."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.recognition.optimizer import recognise
from impls.catalogue.entries import Implementation
from impls.session import Session
from spec import rules as book
from tests.builders import result_of, unit_of

FILE = Path(__file__).with_name("plain_optimizers.py")
FAMILIES = sorted(set(book.families()) - {"lbfgs"})
"""Every rule that is made of single steps; a search is another kind of class."""
COUNTERS = {"Tensor": "step", "Int": "step", "Group": "group:step"}
WAYS = [("Tensor", False), ("Int", True), ("Group", True)]

STRANGE = """
import importlib.util, sys
import torch

spec = importlib.util.spec_from_file_location("plain", {file!r})
plain = importlib.util.module_from_spec(spec)
spec.loader.exec_module(plain)


class CountsTwice(plain.AdamWithIntCount):
    def update(self, p, gradient, group):
        super().update(p, gradient, group)
        self.state[p]["step"] += 1


class OneSquare(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {{"lr": lr, "betas": betas, "eps": eps}})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"], state["exp_avg"] = 0, torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros((), dtype=p.dtype)
                state["step"] += 1
                state["exp_avg"].lerp_(p.grad, 0.1)
                state["exp_avg_sq"].lerp_(p.grad.square().sum(), 0.001)
                p.sub_(state["exp_avg"], alpha=group["lr"])


class SetsUpItsGroups(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {{"lr": lr, "betas": betas, "eps": eps, "ready": False}})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            members = [p for p in group["params"] if p.grad is not None]
            if not members:
                raise RuntimeError("a group has no gradient at all")
            if not group["ready"]:
                group.update(ready=True, count=torch.tensor(0))
            group["count"] += 1
            for p in members:
                state = self.state[p]
                if not state:
                    state.update(m=torch.zeros_like(p), v=torch.zeros_like(p))
                (one, two), count = group["betas"], int(group["count"])
                state["m"].mul_(one).add_(p.grad, alpha=1 - one)
                state["v"].mul_(two).addcmul_(p.grad, p.grad, value=1 - two)
                below = state["v"].sqrt().div_((1 - two**count) ** 0.5).add_(group["eps"])
                p.addcdiv_(state["m"], below, value=-group["lr"] / (1 - one**count))


class RequiresRates(torch.optim.AdamW):
    def __init__(self, params, lr, betas, eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class SinglePrecision(torch.optim.AdamW):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self, closure=None):
        if any(p.dtype != torch.float32 for group in self.param_groups for p in group["params"]):
            raise RuntimeError("float32 alone is supported")
        return super().step(closure)


class Rows(torch.optim.SparseAdam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)
"""


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of classes that are right or wrong in their own way."""
    path = tmp_path_factory.mktemp("strange") / "strange.py"
    path.write_text(STRANGE.format(file=str(FILE)))
    return path


def judged(item: Implementation, claim: str, session: Session) -> CellResult:
    """Return the verdict on one property in float32."""
    return result_of(unit_of(item, claim, cases=3), session)


def called(family: str, count: str, *, decay: bool) -> str:
    """Return the target of a rule's plain class, as the file beside names it."""
    stem = "".join(word.title() for word in family.split("_"))
    ways = ("WithDecay" if decay else "") + (f"With{count}Count" if count != "Tensor" else "")
    return f"{FILE}:{stem}{ways}"


@pytest.mark.parametrize(("count", "decay"), WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_class_of_every_rule_passes(family: str, count: str, decay: bool, session: Session) -> None:
    """Its states and its count are found, no option is set that the rule does not have, and it conforms."""
    item = recognise(called(family, count, decay=decay), family, {}, session)
    rule = book.build(family, item.options)
    assert item.counter == COUNTERS[count]
    assert not item.states
    decays = any(h.keyword == "weight_decay" for h in rule.hyperparameters)
    assert (item.paths[0].constructor == {"weight_decay": 0.0}) is (decay and not decays)
    result = judged(item, "agreement/local", session)
    assert result.verdict is Verdict.PASS, result.reason
    assert result.figures.element_cases > result.figures.undecided


@pytest.mark.parametrize("family", FAMILIES)
def test_states_under_other_names_are_found_by_their_values(family: str, session: Session) -> None:
    """Each state is found where it is kept, whatever its shape."""
    item = recognise(called(family, "Tensor", decay=False) + "WithOwnNames", family, {}, session)
    names = [state.keyword for state in book.build(family, item.options).states]
    assert item.states == {keyword: f"own {keyword}" for keyword in names}


def test_a_class_that_is_called_a_search_ends_without_an_exception(session: Session) -> None:
    """A class of single steps that claims L-BFGS is judged as a search, and fails."""
    item = recognise(called("sgd", "Tensor", decay=False), "lbfgs", {}, session)
    assert judged(item, "agreement/local", session).verdict in {Verdict.FAIL, Verdict.ERROR}


def test_a_wrong_count_in_a_python_number_is_a_finding(strange: Path, session: Session) -> None:
    """A count that goes up by two is found, with its script, though the state holds it as an int."""
    item = recognise(f"{strange}:CountsTwice", "adam", {}, session)
    result = judged(item, "state/counts-steps", session)
    assert (result.verdict, result.level) == (Verdict.FAIL, Level.MUST), result.reason
    assert {finding.quantity for finding in result.findings} == {"t"}


def test_a_count_in_single_precision_counts_as_long_as_it_can(session: Session) -> None:
    """A float32 count, as torch keeps it, counts steps; that it stands still at 2^24 only should not be."""
    item = recognise(called("adam", "Tensor", decay=False), "adam", {}, session)
    seen = [judged(item, name, session) for name in ("state/counts-steps", "state/step-count")]
    assert [(result.verdict, result.level) for result in seen] == [
        (Verdict.PASS, Level.MUST),
        (Verdict.FAIL, Level.SHOULD),
    ]


def test_a_state_of_another_size_is_not_taken_for_the_rules(strange: Path, session: Session) -> None:
    """One number under the name of a tensor is no such state: all are hidden, and the parameter is judged."""
    item = recognise(f"{strange}:OneSquare", "adam", {}, session)
    assert set(item.states.values()) == {""}
    result = judged(item, "agreement/trajectory", session)
    assert result.verdict is Verdict.FAIL, result.reason
    assert {finding.quantity for finding in result.findings} == {"θ"}


def test_settings_that_must_be_given_are_given(strange: Path, session: Session) -> None:
    """A constructor that requires the learning rate and the betas is tried with the rule's."""
    item = recognise(f"{strange}:RequiresRates", "adamw", {}, session)
    assert (item.counter, dict(item.states)) == ("step", {})
    assert judged(item, "agreement/local", session).verdict is Verdict.PASS


def test_a_class_for_single_precision_is_tried_in_it(strange: Path, session: Session) -> None:
    """Where a step refuses float64 the trial is made in float32, and the class is judged in that."""
    item = recognise(f"{strange}:SinglePrecision", "adamw", {}, session)
    assert (item.counter, dict(item.states)) == ("step", {})
    assert judged(item, "agreement/local", session).verdict is Verdict.PASS


def test_a_class_for_sparse_gradients_gets_them(strange: Path, session: Session) -> None:
    """Where a step refuses a dense gradient and takes a sparse one, it is judged with sparse ones."""
    item = recognise(f"{strange}:Rows", "sparse_adam", {}, session)
    assert item.gradient == "sparse"
    assert judged(item, "agreement/local", session).verdict is Verdict.PASS


def test_a_count_that_a_group_begins_with_its_first_step_is_set_after_one(strange: Path, session: Session) -> None:
    """What the first step of a group sets up does not undo the count from which a case starts."""
    item = recognise(f"{strange}:SetsUpItsGroups", "adam", {}, session)
    assert (item.counter, item.played) == ("group:count", True)
    verdicts = [judged(item, name, session).verdict for name in ("agreement/local", "state/step-count")]
    assert verdicts == [Verdict.PASS, Verdict.PASS]
