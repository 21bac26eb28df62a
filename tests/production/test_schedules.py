"""Schedules that are shipped: a sample is judged, and compositions are what their parts are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from stepproof_optim import lr_scheduler as schedules
from torch.optim import SGD

from conformance.catalogue.scheduler_units import units
from conformance.engine.verdict import Verdict
from impls.libraries import LIBRARIES
from impls.session import Session
from reference.schedules import exponential, warmup
from tests.builders import results_of

GOOD = {Verdict.PASS, Verdict.NOT_APPLICABLE}
SAMPLE = (
    "lr/in-force",
    "resume/last-epoch",
    "state/json",
    "tensor/groups",
    "groups/added-scheduled",
    "epoch/then-steps",
)
Made = Callable[[SGD], schedules.ClosedFormLR]


def optimizer(*rates: float) -> SGD:
    """Return an optimizer of a group for each learning rate."""
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates]
    return SGD(groups, lr=1.0)


def run(made: schedules.ClosedFormLR, steps: int) -> list[list[float]]:
    """Return the learning rates of the groups now and after each step."""
    found = [[group["lr"] for group in made.optimizer.param_groups]]
    for _ in range(steps):
        made.optimizer.step()
        made.step()
        found.append([group["lr"] for group in made.optimizer.param_groups])
    return found


def warm(given: SGD) -> schedules.ClosedFormLR:
    """Return a warm-up into half a cosine."""
    return schedules.WarmupLR(given, 3, schedules.CosineAnnealingLR(given, T_max=6))


def nested(given: SGD) -> schedules.ClosedFormLR:
    """Return a chain in a sequence that is followed by another sequence."""
    chain = schedules.ChainedScheduler([schedules.ExponentialLR(given, 0.5), schedules.StepLR(given, 2, 0.5)])
    later = [schedules.ExponentialLR(given, 0.25), schedules.PolynomialLR(given, 4)]
    return schedules.SequentialLR(given, [chain, schedules.SequentialLR(given, later, [2])], [3])


@pytest.mark.parametrize("name", [f"stepproof_optim.{name}" for name in ("StepLR", "OneCycleLR", "ReduceLROnPlateau")])
def test_a_sample_of_the_schedules_conforms(name: str, production_session: Session) -> None:
    """No cell of the sample fails, deviates or is undecided."""
    entries = [item for item in LIBRARIES["stepproof_optim"].schedulers if item.identifier == name]
    (unit,) = units(tuple(entries), properties=SAMPLE, budget=0.1, seed=0)
    results = results_of(unit, production_session)
    assert len(results) == len(SAMPLE)
    assert not [f"{r.cell}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]


def test_a_warm_up_goes_into_any_schedule() -> None:
    """Its learning rates are those of the book's formula, for each group from its own."""
    settings = {"warmup": 3.0, "T_max": 6.0, "eta_min": 0.0}
    options = {"into": "periodic", "first": "zero", "clock": "restart"}
    expected = [[warmup.learning_rate(options, {**settings, "lr": lr}, {}, t) for lr in (1.0, 0.5)] for t in range(9)]
    assert run(warm(optimizer(1.0, 0.5)), 8) == expected


def test_a_chain_multiplies_what_its_schedules_do() -> None:
    """Two decays in a chain are the product of their factors, beside a group whose learning rate is 0."""
    given = optimizer(1.0, 0.0)
    chain = schedules.ChainedScheduler([schedules.ExponentialLR(given, 0.5), schedules.ExponentialLR(given, 0.25)])
    settings = {"lr": 1.0, "gamma": 0.125}
    expected = [[exponential.learning_rate({"over": "step"}, settings, {}, t), 0.0] for t in range(5)]
    assert run(chain, 4) == expected


@pytest.mark.parametrize("make", [warm, nested])
def test_a_composition_goes_on_from_a_checkpoint_and_from_a_step(make: Made) -> None:
    """Through JSON, into a schedule that has stepped, and by last_epoch the learning rates are the same to the bit."""
    whole = run(make(optimizer(1.0)), 8)
    first = make(optimizer(1.0))
    run(first, 3)
    saved: dict[str, Any] = json.loads(json.dumps(first.state_dict()))
    other = make(optimizer(1.0))
    run(other, 6)
    other.load_state_dict(saved)
    assert run(other, 5)[1:] == whole[4:]
    other.step(7)
    assert [group["lr"] for group in other.optimizer.param_groups] == whole[7]


def test_what_is_no_function_of_the_step_is_refused_as_a_part() -> None:
    """A schedule of metrics, one of another optimizer and milestones out of order are refused, with what to give."""
    given = optimizer(1.0)
    part = schedules.ExponentialLR(given, 0.5)
    plateau: Any = schedules.ReduceLROnPlateau(given)
    with pytest.raises(TypeError, match="ReduceLROnPlateau, which is no function of the step; give"):
        schedules.SequentialLR(given, [part, plateau], [3])
    with pytest.raises(ValueError, match="learning rates alone compose; give cycle_momentum=False"):
        schedules.WarmupLR(given, 3, schedules.OneCycleLR(given, 1.0, 9))
    with pytest.raises(ValueError, match="is built on another optimizer; give it this one"):
        schedules.WarmupLR(optimizer(1.0), 3, part)
    with pytest.raises(ValueError, match=r"milestones are \[5, 3\] for 3 schedules; give 2 steps in ascending order"):
        schedules.SequentialLR(given, [part, part, part], [5, 3])


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("StepLR", {"step_size": 0}, r"step_size is 0; give a number in the range \[1, inf\)"),
        ("StepLR", {"step_size": 2.5}, "step_size is 2.5; give a whole number"),
        ("ExponentialLR", {"gamma": -0.5}, r"gamma is -0.5; give a number in the range \[0, inf\)"),
        ("WarmupStableDecayLR", {"warmup": 1, "stable": 1, "decay": 1, "shape": "cubic"}, "shape is 'cubic'; give one"),
        ("OneCycleLR", {"max_lr": 1.0}, "give total_steps, or both others"),
        ("OneCycleLR", {"max_lr": [1.0, 2.0], "total_steps": 9}, "max_lr lists 2 numbers for 1 groups; give one each"),
    ],
)
def test_a_setting_beyond_its_range_is_refused(name: str, settings: dict[str, Any], said: str) -> None:
    """The error names setting, value and range."""
    with pytest.raises(ValueError, match=said):
        getattr(schedules, name)(optimizer(1.0), **settings)


def test_a_checkpoint_of_another_schedule_changes_nothing() -> None:
    """What the schedule keeps and the checkpoint lacks is named."""
    made = schedules.StepLR(optimizer(1.0), 2)
    before = made.state_dict()
    with pytest.raises(ValueError, match=r"the checkpoint lacks step_size: it is of no StepLR"):
        made.load_state_dict(schedules.ExponentialLR(optimizer(1.0), 0.5).state_dict())
    assert made.state_dict() == before


def test_a_momentum_that_is_not_there_is_not_cycled() -> None:
    """An optimizer without momentum and betas is refused, and not given a key of its own."""
    other = torch.optim.Adagrad([torch.nn.Parameter(torch.ones(1))])
    with pytest.raises(ValueError, match="Adagrad has neither momentum nor betas; give False"):
        schedules.OneCycleLR(other, 1.0, 9)
    assert "momentum" not in other.param_groups[0]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("StepLR", {"step_size": 2}),
        ("MultiStepLR", {"milestones": [4, 2, 4]}),
        ("ExponentialLR", {"gamma": 0.5}),
        ("PolynomialLR", {"total_iters": 8}),
        ("CosineAnnealingLR", {"T_max": 5}),
        ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}),
    ],
)
def test_a_checkpoint_of_torch_is_gone_on_with(name: str, settings: dict[str, Any]) -> None:
    """torch's scheduler of the same name hands over in the middle, and the rest is as if it had been ours."""
    whole = run(getattr(schedules, name)(optimizer(1.0), **settings), 7)
    theirs = getattr(torch.optim.lr_scheduler, name)(optimizer(1.0), **settings)
    run(theirs, 3)
    made = getattr(schedules, name)(optimizer(1.0), **settings)
    made.load_state_dict(theirs.state_dict())
    assert run(made, 4)[1:] == whole[4:]
