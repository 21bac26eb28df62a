"""A course of training is judged step by step: right optimizers stay inside, a wrong one is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from conformance.cli import main
from conformance.contract.iterates import Iterates
from conformance.engine.claim import ONE_CASE
from conformance.engine.evidence import Tally
from conformance.engine.exhibits import SearchEntry, TrainingEntry
from conformance.engine.verdict import Verdict
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.report import gates, write_report
from conformance.report.model import Report
from conformance.training.claims import CLAIMS
from conformance.training.experiment import SHOWN, experiment, implementations, settings_of
from conformance.training.judging import judge
from conformance.training.problems import PROBLEMS
from conformance.training.runs import prepared, trained
from impls.session import Session
from reference.formats import FLOAT32
from tests.builders import claim, result_of, subject_of, unit_of
from tests.builders import entry as implementation

STEPS = 5
FORGETFUL = """
import torch


class Adam(torch.optim.Adam):
    @torch.no_grad()
    def step(self):
        super().step()
        for p in self.param_groups[0]["params"]:
            if float(self.state[p]["step"]) == 3:
                p.mul_(1 + 2e-6)
"""
WANDERING = """
import torch


class LBFGS(torch.optim.LBFGS):
    def step(self, closure):
        loss = super().step(closure)
        with torch.no_grad():
            for p in self.param_groups[0]["params"]:
                p.add_(1e-3)
        return loss
"""


def test_the_digits_are_360_images_of_two_kinds() -> None:
    """The file holds 178 zeros and 182 ones, of 64 pixels in [0, 1]."""
    problem = PROBLEMS["digits"]()
    assert problem.features.shape == (360, 64)
    assert (problem.features.min(), problem.features.max()) == (0.0, 1.0)
    assert np.bincount(problem.labels[:, 0].astype(int)).tolist() == [178, 182]


@pytest.mark.parametrize("rule", SHOWN)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_torch_and_the_notebook_stay_in_their_enclosures(session: Session, problem: str, rule: str) -> None:
    """Every value lies inside, from where each step stood and from the start; the loss falls alike."""
    shown = experiment(problem, rule, session, steps=STEPS)
    assert [run.implementation.split(".")[0] for run in shown.runs] == ["torch", "notebook"]
    assert shown.conforms
    for run in shown.runs:
        assert run.values >= STEPS * shown.parameters
        assert run.finite_steps == STEPS
        assert run.losses[-1] < run.losses[0]
        apart = [abs(a - b) for a, b in zip(run.losses, shown.losses, strict=True)]
        assert apart[0] == 0.0
        assert max(apart) < abs(run.losses[-1] - run.losses[0])


def test_an_experiment_repeats_itself(session: Session) -> None:
    """The same problem and rule give the same figures, bit for bit."""
    once, again = (experiment("convolution", "adam", session, steps=2) for _ in range(2))
    assert once == again


def test_an_optimizer_with_one_wrong_step_is_found(session: Session, tmp_path: Path) -> None:
    """A parameter that is off by two millionths at the third step lies outside there and from there on."""
    path = tmp_path / "forgetful.py"
    path.write_text(FORGETFUL)
    torch_adam = implementations("adam")[0]
    wrong = dataclasses.replace(torch_adam, target=f"{path}:Adam")
    subject = worker_subject(wrong, wrong.paths[0], "cpu", FLOAT32, session)
    problem, formula = PROBLEMS["convolution"](), subject.rules[()]
    settings = settings_of(formula, "convolution", None)
    found = []
    for steps in (2, 3):
        course = trained(subject, problem, settings, steps)
        tensors = prepared(formula, settings, problem, course, FLOAT32)
        found.append(judge(subject, settings, tensors, course))
    assert found[0].outside_local == found[0].outside_propagated == 0
    assert found[1].outside_local > 10
    assert found[1].outside_propagated > 10


def test_training_and_searches_are_entries_that_the_page_draws(session: Session, tmp_path: Path) -> None:
    """The JSON holds figures and curves as data; the page shows them, escaped, and needs nothing else."""
    trained_ = experiment("regression", "sgd", session, steps=2)
    run = dataclasses.replace(trained_.runs[0], implementation="<b>torch.SGD</b>")
    trained_ = dataclasses.replace(trained_, runs=(run, *trained_.runs[1:]))
    searched, _ = searched_on(subject_of(implementation("torch.LBFGS"), session, dtype="float64"))
    whole = Report("0", "stepproof", 0, 1, {}, (), (), (), (), (), training=(trained_,), searches=(searched,))
    paths = write_report(whole, tmp_path)
    read, page = msgspec.json.decode(paths["json"].read_bytes(), type=Report), paths["html"].read_text()
    assert (read.training, read.searches) == ((trained_,), (searched,))
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "&lt;b&gt;torch.SGD&lt;/b&gt;" in page
    assert "2 of 2" in page


def searched_on(subject: WorkerSubject) -> tuple[SearchEntry, Tally]:
    """Return what a report shows of a search of one iteration a step, and what judging it gathered."""
    iterates, tally = claim("search/iterates"), Tally()
    assert isinstance(iterates, Iterates)
    case = next(c for c in iterates.cases(subject) if c.arguments["iterations"] == 1)
    iterates.run(subject, case, tally, ONE_CASE)
    (exhibit,) = tally.exhibits
    return msgspec.convert(exhibit.data, SearchEntry), tally


def test_a_search_that_departs_does_not_conform(session: Session, tmp_path: Path) -> None:
    """A minimiser that moves on by itself after a step leaves its enclosures, and the run says so."""
    path = tmp_path / "wandering.py"
    path.write_text(WANDERING)
    wandering = dataclasses.replace(implementation("torch.LBFGS"), adapts=f"{path}:LBFGS")
    searched, tally = searched_on(subject_of(wandering, session, dtype="float64"))
    assert tally.failures
    assert searched.from_what_it_saw.departed
    whole = Report("0", "stepproof", 0, 1, {}, (), (), (), (), (), searches=(searched,))
    assert gates.exit_status(whole) == 1


def test_a_course_of_training_is_a_claim_with_a_verdict(session: Session, tmp_path: Path) -> None:
    """torch's Adam passes; one with a wrong step fails with the step that is, and the report draws it."""
    right = implementation("torch.Adam")
    identifier = next(c.identifier for c in CLAIMS if c.problem == "convolution")
    assert result_of(unit_of(right, identifier), session).verdict is Verdict.PASS
    path = tmp_path / "forgetful.py"
    path.write_text(FORGETFUL)
    wrong = dataclasses.replace(right, target=f"{path}:Adam", identifier="forgetful")
    result = result_of(unit_of(wrong, identifier), session)
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].case["problem"] == "convolution"
    subject = subject_of(wrong, session)
    (exhibit,) = claim(identifier).judge(subject, ONE_CASE).tally.exhibits
    assert msgspec.convert(exhibit.data, TrainingEntry).runs[0].outside_step_by_step


def test_the_command_prints_figures_and_writes_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof train` ends with status 0 and leaves a file that is an image by itself."""
    given = ["train", "regression", "--rule", "rmsprop", "--steps", "3", "--output", str(tmp_path)]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert "outside, from the start" in printed
    assert "3 of 3" in printed
    assert (tmp_path / "regression-rmsprop.svg").read_text().startswith("<svg xmlns=")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["digit"], "did you mean digits"),
        (["digits", "--rule", "adamm"], "did you mean"),
        (["digits", "--rule", "yogi"], "no rule with an optimizer of torch `yogi`"),
        (["digits", "--steps", "0"], "--steps 0 is not in 1 to 1000"),
        (["digits", "--lr", "-1"], "--lr -1 is not in [0, ∞)"),
    ],
)
def test_a_wrong_request_gets_one_sentence(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input ends with status 2 and the legal range."""
    assert main(["train", *given]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
