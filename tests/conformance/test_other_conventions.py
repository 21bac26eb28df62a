"""Optimizers that keep their count, their signs and their names otherwise than torch are judged alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conformance.contract import settings
from conformance.contract.breach import Breach
from conformance.contract.case import ClauseCase
from conformance.contract.clauses import BY_IDENTIFIER
from conformance.contract.reduction import simpler
from conformance.engine.claim import Plan
from conformance.engine.ledger import load
from conformance.engine.verdict import Verdict
from conformance.optimizers.scalar_terms import MADE
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.torch_paths import ADAM, EAGER
from impls.session import Session
from spec import rules as book
from tests.builders import result_of, subject_of, unit_of

OPTIMIZER = """
import torch


class Otherwise(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, decay=0.01):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            t = group["step"] = group.get("step", 0) + 1
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["negative"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
                negative, v = state["negative"], state["exp_avg_sq"]
                p.mul_(1 - group["lr"] * group["decay"])
                negative.mul_(beta1).sub_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                root = (v.sqrt() / (1 - beta2**t) ** 0.5).add_(group["eps"])
                p.addcdiv_(negative, root, value=group["lr"] / (1 - beta1**t))
"""


@pytest.fixture(scope="module")
def subject(session: Session, tmp_path_factory: pytest.TempPathFactory) -> WorkerSubject:
    """Return an AdamW that counts in its groups, keeps its negated moment, and says `decay`."""
    path = tmp_path_factory.mktemp("otherwise") / "otherwise.py"
    path.write_text(OPTIMIZER)
    paths = (ExecutionPath("default", profile=EAGER | {"forms": ADAM}),)
    item = Implementation(
        "Otherwise",
        f"{path}:Otherwise",
        "adamw",
        paths,
        states={"exp_avg": "-negative"},
        keywords={"weight_decay": ("decay",)},
        counter="group:step",
    )
    return subject_of(item, session, dtype="float64")


@pytest.mark.parametrize("clause", ["hyperparameters/read-anew", "hyperparameters/switched-on", "life/interleaved"])
def test_another_convention_breaks_no_clause(subject: WorkerSubject, clause: str) -> None:
    """A group's count, a negated state and a name of the library's own are read as such."""
    judged = BY_IDENTIFIER[clause].judge(subject, Plan(16, 1, 0))
    assert judged.stop is None
    assert judged.tally.values > 0
    assert not [failure.quantity for failure in judged.tally.failures]


def test_bad_values_are_given_by_the_librarys_own_name(subject: WorkerSubject) -> None:
    """A weight decay that the library calls decay is tried under that name, and seen to be accepted."""
    judged = BY_IDENTIFIER["hyperparameters/refused"].judge(subject, Plan(1, 1, 0))
    assert "decay=-1.0 at construction" in {failure.quantity for failure in judged.tally.failures}


def test_an_optimizer_that_refuses_nothing_has_no_error_to_judge(subject: WorkerSubject) -> None:
    """The clauses about errors do not apply where no value is refused."""
    assert "refuses no value" in BY_IDENTIFIER["hyperparameters/error-names-value"].applies(subject)


def test_an_error_may_name_a_setting_in_words() -> None:
    """A last learning rate is named by its keyword written out, too."""
    final = next(h for h in book.build("adabound").hyperparameters if h.keyword == "final_lr")
    assert {"final_lr", "final learning rate"} <= {*settings.names("final_lr", final)}


def test_the_rest_of_a_cell_is_judged_within_an_entrys_domains(subject: WorkerSubject, tmp_path: Path) -> None:
    """An entry may name the settings with which everything else of its cell is judged."""
    path = tmp_path / "ledger.toml"
    path.write_text(
        '[[optimizer]]\nid = "a"\nproperty = "*"\nimplementation = "*"\nreason = "r"\n'
        "domains = { weight_decay = [0.25, inf] }"
    )
    (entry,) = load(path)
    assert entry.narrows
    narrowed = subject.with_domains(entry.domains)
    kept = {h.keyword: h.domain for rule in narrowed.rules.values() for h in rule.hyperparameters}
    assert 0.25 in kept["weight_decay"]
    assert 0.1 not in kept["weight_decay"]
    assert 0.1 in kept["lr"]


KEEPS_NUMBERS = """
import torch


class Bare(torch.optim.ASGD):
    pass


class Products(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state.update(m=torch.zeros_like(p), v=torch.zeros_like(p), one=1.0, rest=1.0)
                one, two = group["betas"]
                state["one"] *= one
                state["rest"] = 1 - (1 - state.get("correction", 0.0)) * two
                state["correction"] = state["rest"]
                state["m"].mul_(one).add_(p.grad, alpha=1 - one)
                state["v"].mul_(two).addcmul_(p.grad, p.grad, value=1 - two)
                below = (state["v"] / state["correction"]).sqrt_().add_(group["eps"])
                p.addcdiv_(state["m"], below, value=-group["lr"] / (1 - state["one"]))
"""


@pytest.mark.parametrize(
    ("name", "rule", "kept"),
    [
        ("Bare", "asgd", {"eta": "eta_t", "mu": "mu_t"}),
        ("Products", "adam", {"one": f"beta1**t{MADE}", "correction": f"c2{MADE}", "rest": f"c2{MADE}"}),
    ],
)
def test_numbers_that_are_carried_from_step_to_step_are_set(
    name: str, rule: str, kept: dict[str, str], session: Session, tmp_path: Path
) -> None:
    """What a catalogued base is known to keep, or what values show, is that of the count from which a case starts."""
    path = tmp_path / "keeps_numbers.py"
    path.write_text(KEEPS_NUMBERS)
    item = recognise(f"{path}:{name}", rule, {}, session)
    assert item.derived == kept
    result = result_of(unit_of(item, "agreement/local"), session)
    assert result.verdict is (Verdict.DEVIATION if name == "Bare" else Verdict.PASS), result.reason
    assert not result.findings or result.deviation == "torch-asgd-float32-learning-rate-in-the-decay"


def test_settings_that_cannot_be_given_stay_what_they_are(session: Session, tmp_path: Path) -> None:
    """Neither a case with everything switched off nor a simpler case has another value of them."""
    path = tmp_path / "keeps_numbers.py"
    path.write_text(KEEPS_NUMBERS)
    item = recognise(f"{path}:Products", "adam", {"decay": "coupled"}, session)
    item = dataclasses.replace(item, fixed={"weight_decay": 0.5})
    subject = subject_of(item, session)
    rule = subject.rules[()]
    kept = subject.fixed
    assert kept == {"lambda": 0.5}
    cases = [settings.active(rule, kept), *settings.bare(rule, kept)]
    assert {case["lambda"] for case in cases} == {0.5}
    breach = Breach(ClauseCase((), cases[0], {}), "", compared="")
    proposed = next(simpler(rule, kept, breach))
    assert proposed.settings["lambda"] == 0.5
