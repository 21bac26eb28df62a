"""What a scheduler is, is told from its curve alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import cli
from conformance.commands.confusions import hidden
from conformance.commands.identify_schedule import described_schedule, first_line, schedule_of
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.schedule_identity import identify_schedule
from impls.session import Session

STRANGE = Path(__file__).with_name("strange_schedulers.py")
TORCH = {
    "ConstantLR": "constant(kind=factor)",
    "LinearLR": "linear",
    "StepLR": "step",
    "MultiStepLR": "multi_step(boundary=at)",
    "ExponentialLR": "exponential(over=step)",
    "PolynomialLR": "polynomial(end=zero)",
    "CosineAnnealingLR": "cosine(after=periodic, end=T)",
    "CosineAnnealingWarmRestarts": "cosine_restarts(cycles=endless)",
    "OneCycleLR": "one_cycle(anneal=cos, phases=two, joints=share)",
    "CyclicLR": "cyclic(mode=triangular)",
    "LambdaLR": "given(of=base)",
    "MultiplicativeLR": "given(of=previous)",
    "ReduceLROnPlateau": "plateau(mode=min, threshold_mode=rel, share=signed)",
}


@pytest.mark.parametrize("name", TORCH)
def test_a_scheduler_of_torch_is_identified_behind_hidden_names(name: str, session: Session) -> None:
    """Schedule and options are right where the names of class and arguments tell nothing."""
    found = identify_schedule(hidden(f"torch.optim.lr_scheduler:{name}", framework="scheduler"), session)
    assert found.fitting[0].schedule.label == TORCH[name]


def test_the_part_of_each_argument_is_told(session: Session) -> None:
    """A length may be the sum of two of the schedule's."""
    found = schedule_of(f"{STRANGE}:WarmsUp", session)
    assert found is not None
    assert "  arguments    rise is warmup, whole is warmup + total_iters" in list(described_schedule(found))
    assert first_line(found).startswith("warmup with into=linear, as its curve shows; --schedule and --option claim")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("LengthThenRate", "exponential(over=period)"),
        ("TakesFive", "warmup(into=linear, first=zero, clock=restart)"),
        ("LosesPatience", "plateau(mode=min, threshold_mode=rel, share=signed)"),
    ],
)
def test_settings_may_be_any_mixture_of_lengths_and_rates(name: str, label: str, session: Session) -> None:
    """What must be given is given in other orders until its curve is a schedule's, and metrics where it heeds them."""
    found = identify_schedule(f"{STRANGE}:{name}", session)
    assert label in {one.schedule.label for one in found.fitting}


def test_a_curve_of_no_schedule_is_said_to_be_none(session: Session) -> None:
    """The nearest is named, and the first step at which it differs."""
    found = identify_schedule(f"{STRANGE}:Wobbles", session)
    lines = list(described_schedule(found))
    assert lines[0].endswith("follows no schedule of the book, as far as its curve shows")
    assert "differs first at t=" in lines[-1]
    assert schedule_of(f"{STRANGE}:Wobbles", session) is None


def test_a_rate_that_other_numbers_move_is_no_constant(session: Session) -> None:
    """One curve without a change is no constant where another has some, though nothing explains that one."""
    found = identify_schedule(f"{STRANGE}:EveryFewEpochs", session)
    assert not found.fitting
    assert len(set(found.curve.rates)) > 1


def test_a_check_of_a_curve_of_no_schedule_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """What follows no schedule is not told that it makes no step of an optimizer."""
    assert cli.main(["check", f"{STRANGE}:Wobbles"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "follows no schedule of the book" in said
    assert said.endswith("say which schedule it claims: --schedule NAME")


def test_an_optimizer_is_no_scheduler(session: Session) -> None:
    """It is not asked for a curve, and one that is has none."""
    assert schedule_of("torch.optim:SGD", session) is None
    with pytest.raises(NotJudgeableError, match="follows no schedule"):
        identify_schedule("torch.optim:SGD", session)
