"""A course of training is judged step by step: right optimizers stay inside, a wrong one is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from conformance.cli import main
from conformance.contract.iterates import Iterates
from conformance.engine.claim import ONE_CASE
from conformance.engine.evidence import Tally
from conformance.engine.exhibits import SearchEntry, TrainingEntry
from conformance.engine.ledger import OPTIMIZERS, VARIABLE, Entry, Stored, written
from conformance.engine.verdict import CellResult, Verdict
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.report import gates, write_report
from conformance.report.model import Report
from conformance.training import judging
from conformance.training.cases import TrainingCase
from conformance.training.claims import CLAIMS
from conformance.training.experiment import settings_of
from conformance.training.judging import judge
from conformance.training.problems import PROBLEMS
from conformance.training.runs import prepared, trained
from conformance.training.tutorials import SHOWN, experiment, implementations
from impls.catalogue.entries import Implementation
from impls.session import Session
from reference.formats import FLOAT32
from tests.builders import claim, judged_beside, result_of, subject_of, unit_of
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
KNOWN = """
[[optimizer]]
id = "mine"
property = "training/convolution"
implementation = "forgetful"
reason = "It forgets."
observed = "t=*"
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
    made = experiment(problem, rule, session, steps=STEPS)
    shown = made.entry
    assert [run.implementation.split(".")[0] for run in shown.runs] == ["torch", "notebook"]
    assert made.verdicts == (Verdict.PASS, Verdict.PASS)
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
    wrong = forgetful(tmp_path)
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


@pytest.mark.parametrize(("kept", "counted"), [("", 9), ("exp_avg", 3 * 2)])
def test_undecided_counts_where_a_course_is_judged(
    kept: str, counted: int, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What all steps from the start leave open is open where the states are hidden, and else what each step does."""
    item = dataclasses.replace(implementation("torch.AdamW"), states={"exp_avg": kept})
    subject = worker_subject(item, item.paths[0], "cpu", FLOAT32, session)
    problem, formula = PROBLEMS["regression"](), subject.rules[()]
    settings = settings_of(formula, "regression", None)
    course = trained(subject, problem, settings, 2)

    def leaves_open(number: int) -> Callable[..., None]:
        return lambda _case, _tensors, _outcome, _subject, tally: tally.add(Tally(undecided=number))

    monkeypatch.setattr(judging.agreement, "judge", leaves_open(3))
    monkeypatch.setattr(judging.trajectory, "judge", leaves_open(9))
    tensors = prepared(formula, settings, problem, course, FLOAT32)
    assert judge(subject, settings, tensors, course).undecided == counted


def test_training_and_searches_are_entries_that_the_page_draws(session: Session, tmp_path: Path) -> None:
    """The JSON holds figures and curves as data; the page shows them, escaped, and needs nothing else."""
    trained_ = experiment("regression", "sgd", session, steps=2).entry
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
    unit = unit_of(wandering, "search/iterates", dtype="float64")
    failing = result_of(unit, session)
    whole = dataclasses.replace(report_of(failing), searches=(searched,))
    assert counted(whole) == {"findings": 1, "searches": 1}
    assert gates.exit_status(whole) == 1
    known = Entry("mine", OPTIMIZERS, ("search/iterates",), ("*",), "It moves on.", observed=("*",))
    result = judged_beside([known], unit, unit.subject(session), claim("search/iterates"))
    assert result.verdict is Verdict.DEVIATION
    assert counted(dataclasses.replace(whole, results=(result,))) == {}


def report_of(*results: CellResult) -> Report:
    """Return a report of these cells alone."""
    return Report("0", "stepproof", 0, 1, {}, (), (), (), results, ())


def counted(whole: Report) -> dict[str, int]:
    """Return what the gates that are enforced and not met count."""
    return {gate.name: gate.observed for gate in gates.not_met(whole) if gate.enforced}


def forgetful(tmp_path: Path) -> Implementation:
    """Return torch's Adam with one wrong step in its place."""
    path = tmp_path / "forgetful.py"
    path.write_text(FORGETFUL)
    return dataclasses.replace(implementation("torch.Adam"), target=f"{path}:Adam", identifier="forgetful")


def test_what_a_known_deviation_explains_of_training_speaks_against_no_run(session: Session, tmp_path: Path) -> None:
    """The gate of training counts what its cell counts: nothing where all is known, the rest where some of it is."""
    asked = claim("training/convolution")
    unit = unit_of(forgetful(tmp_path), asked.identifier)
    subject = unit.subject(session)
    known = Entry("mine", OPTIMIZERS, (asked.identifier,), ("*",), "It forgets.", observed=("t=3*",))
    (exhibit,) = asked.judge(subject, ONE_CASE).tally.exhibits
    course = msgspec.convert(exhibit.data, TrainingEntry)
    run = course.runs[0]
    told: list[tuple[dict[str, int], int]] = []
    for entries in ([dataclasses.replace(known, observed=("t=*",))], [known], []):
        result = judged_beside(entries, unit, subject, asked)
        whole = dataclasses.replace(report_of(result), training=(course,))
        told.append((counted(whole), gates.exit_status(whole)))
        assert counted(whole).get("training", 0) == result.figures.outside
    (everything, some, nothing) = (counts.get("training", 0) for counts, _ in told)
    assert [status for _, status in told] == [0, 1, 1]
    assert 0 == everything < some < nothing == run.outside_step_by_step + run.outside_from_the_start


def test_a_course_of_training_is_a_claim_with_a_verdict(session: Session, tmp_path: Path) -> None:
    """torch's Adam passes; one with a wrong step fails with the step that is, and the report draws it."""
    right = implementation("torch.Adam")
    identifier = next(c.identifier for c in CLAIMS if c.problem == "convolution")
    assert result_of(unit_of(right, identifier), session).verdict is Verdict.PASS
    wrong = forgetful(tmp_path)
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


def test_the_command_says_what_the_cell_of_a_course_says(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong optimizer ends `stepproof train` with status 1, and with 0 where the ledger knows what it does."""
    right = implementations("adam")
    monkeypatch.setattr("conformance.training.tutorials.implementations", lambda _: (forgetful(tmp_path), right[1]))
    given = ["train", "convolution", "--rule", "adam", "--steps", "4", "--output", str(tmp_path)]
    assert main(given) == 1
    assert ["verdict", "fail", "pass"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    ledger, kind = tmp_path / "mine.toml", claim("training/convolution").kind
    ledger.write_text(KNOWN)
    rule = subject_of(right[0], session).rules[()]
    case = TrainingCase("convolution", 4, settings_of(rule, "convolution", None))
    (tmp_path / "mine.cases").mkdir()
    (tmp_path / "mine.cases" / "mine.json").write_text(written((Stored(kind.name, kind.write(case)),)))
    monkeypatch.setenv(VARIABLE, str(ledger))
    assert main(given) == 0
    assert "known deviation  pass" in capsys.readouterr().out


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
