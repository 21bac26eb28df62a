"""The script of a finding in training shows it by itself: with few numbers where that is enough, else by the course."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.verdict import Finding, Verdict
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case
from conformance.training.cases import TrainingCase, TrainingFailure
from conformance.training.experiment import settings_of
from conformance.training.script import NOT_SEEN, script
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.session import Session
from tests.builders import entry as implementation
from tests.builders import result_of, subject_of, unit_of

Run = Callable[..., Any]
SOURCE = """
import os
from pathlib import Path

import torch


class Adam(torch.optim.Adam):
    calls, zeroed = 0, False

    def zero_grad(self, *given):
        self.zeroed = True
        super().zero_grad(*given)

    @torch.no_grad()
    def step(self):
        super().step()
        self.calls += 1
        members = self.param_groups[0]["params"]
        t = float(self.state[members[0]]["step"])
        for p in members:
            {line}
"""
NAN = float("nan")


@pytest.fixture
def found(tmp_path: Path, session: Session) -> Callable[..., Finding]:
    """Return what judges torch's Adam with a line of its own in its step, and returns the first finding."""

    def judged(line: str, problem: str = "convolution", verdict: Verdict = Verdict.FAIL) -> Finding:
        path = tmp_path / "wrong.py"
        path.write_text(SOURCE.replace("{line}", line))
        wrong = dataclasses.replace(implementation("torch.Adam"), target=f"{path}:Adam", identifier="wrong")
        result = result_of(unit_of(wrong, f"training/{problem}"), session)
        assert result.verdict is verdict
        return result.findings[0]

    return judged


def right(text: str) -> str:
    """Return a script with torch's own class in place of the wrong one."""
    return text.replace("Adam = module.Adam", "Adam = torch.optim.Adam")


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        ("t == 3", ""),
        ("p.dim() > 1", ".reshape((1, 1, 1, 1))"),
        ("p.dim() > 1 and p.numel() > 3", ".reshape((2, 1, 2, 2))"),
        ("p.numel() == 36", ".reshape((4, 1, 3, 3))"),
        ("self.calls == 4", ""),
        ("len(members) == 4 and p.dim() == 1", ".reshape((4, 1, 3, 3))"),
    ],
)
def test_a_wrong_value_is_shown_by_the_fewest_numbers(
    found: Callable[..., Finding], shows: Run, shows_not: Run, condition: str, shape: str
) -> None:
    """One element alone, in its dimensions, beside another, its tensor, its steps from the start, or every tensor."""
    text = found(f"{condition} and p.mul_(1 + 2e-6)").script
    assert (shape in text) if shape else (".reshape((" not in text)
    assert NOT_SEEN not in text
    shows(text)
    shows_not(right(text))


@pytest.mark.parametrize("problem", ["convolution", "regression", "digits"])
def test_what_the_course_alone_shows_is_shown_by_a_script_that_trains(
    found: Callable[..., Finding], shows: Run, shows_not: Run, problem: str
) -> None:
    """An optimizer that is wrong after `zero_grad` was called is trained with the model and the data in the script."""
    text = found("t == 3 and self.zeroed and p.mul_(1 + 2e-5)", problem).script
    assert f"{problem}([p0, p1" in text
    assert len(text) < 100_000
    shows(text)
    shows_not(right(text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('exec("if t == 3: raise ValueError(str(t))")', "ValueError"),
        ("t == 2 and os._exit(4)", "its process ends with status 4"),
    ],
)
def test_an_exception_in_training_is_raised_by_its_script(
    found: Callable[..., Finding], shows: Run, shows_not: Run, line: str, said: str
) -> None:
    """The script trains until the optimizer raises, or ends its process, and says so; the right one does neither."""
    text = found(line, verdict=Verdict.ERROR).script
    assert said in shows(text).said
    shows_not(right(text))


def test_what_is_not_seen_again_is_told_in_the_script(
    found: Callable[..., Finding], tmp_path: Path, shows_not: Run
) -> None:
    """A value that was outside once has a script that says that it was tried again and not seen."""
    once = f"Path({str(tmp_path / 'once')!r})"
    text = found(f"t == 3 and not {once}.exists() and (p.mul_(1 + 2e-5), p is members[-1] and {once}.touch())").script
    assert NOT_SEEN in text.splitlines()[0]
    shows_not(text)


def test_what_a_notebook_writes_out_is_trained_by_its_own_source(session: Session, shows_not: Run) -> None:
    """The script of an optimizer that lives beside the worker holds it, with torch alone."""
    subject = subject_of(next(item for item in FROM_SCRATCH if item.rule == "adam"), session)
    case = TrainingCase("regression", 3, settings_of(subject.rules[()], "regression", None))
    seen = Outside(Case((), ()), "it raises", 0, 0, {}, {}, (NAN, NAN), NAN)
    text = script(subject, TrainingFailure(case, seen, "ValueError during `step`: no step today"))
    assert NOT_SEEN in text
    shows_not(text)
