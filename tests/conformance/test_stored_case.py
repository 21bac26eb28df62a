"""Cases of every kind are stored by one codec, which refuses what it did not write."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from conformance import claims
from conformance.contract.case import ClauseCase
from conformance.engine.ledger import load
from conformance.engine.stored_case import CaseError
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.training.cases import TrainingCase

KINDS: dict[str, Any] = dict(claims.KINDS)
THIRD = 1.0 / 3.0
CASES: dict[str, Any] = {
    "rule": Case(
        ("amsgrad",),
        (GroupCase({"eta": THIRD}, (TensorCase((2, 3), 1, 7, "wide", {"theta": (-0.0, math.inf, 5e-324)}),)),),
        2,
        ({}, {"eta": 0.1}),
    ),
    "schedule": ScheduleCase(
        SchedulerNode(
            "torch.SequentialLR",
            parts=(SchedulerNode("torch.StepLR", {}, ({"gamma": THIRD, "step_size": 3},)),),
            milestones=(4,),
        ),
        (THIRD, 1),
        5,
        inputs=(1, 2.0),
    ),
    "clause": ClauseCase(
        (), {"eta": THIRD}, {"shapes": [[3], []], "lr": 0.1, "none": None, "bad": ["nan", "0x1.8p+0"]}
    ),
    "training": TrainingCase("digits", 3, {"eta": THIRD}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_case_is_read_as_it_was_written(name: str) -> None:
    """Every number comes back to the bit, infinity and -0 too, and a whole number as a whole number."""
    kind, case = KINDS[name], CASES[name]
    found = kind.read(json.loads(json.dumps(kind.write(case), allow_nan=False)))
    assert found == case
    assert repr(found) == repr(case)


def test_there_is_a_case_here_of_every_kind() -> None:
    """A kind that is added is stored by the same codec."""
    assert CASES.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("rule", {"step": 3}, "a Case has no `step`"),
        ("rule", {"steps": "many"}, r"Expected `int`, got `str` - at `\$.steps`"),
        ("clause", {"settings": None}, r"Expected `object`, got `null` - at `\$.settings`"),
        ("schedule", {"node": {"scheduler": "torch.StepLR", "part": []}}, "a ScheduleCase has no `part`"),
        ("training", {"settings": {"eta": "large"}}, r"Expected `float`, got `str` - at `\$.settings"),
    ],
)
def test_what_is_no_case_is_refused_with_its_place(name: str, change: dict[str, Any], said: str) -> None:
    """A name that its kind does not have, or a value of another type, is named."""
    kind = KINDS[name]
    with pytest.raises(CaseError, match=said):
        kind.read({**kind.write(CASES[name]), **change})


def test_data_that_is_nested_without_end_is_no_case() -> None:
    """It ends in the same exception as any other data that is none."""
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(CaseError):
        KINDS["rule"].read({**KINDS["rule"].write(CASES["rule"]), "changes": nested})


def test_every_case_of_the_ledger_is_read_and_written_again() -> None:
    """What was stored before is the same case when it is stored anew."""
    stored = [case for entry in load() for case in entry.cases]
    assert len(stored) > 100
    for one in stored:
        kind = KINDS[one.kind]
        case = kind.read(one.case)
        assert repr(kind.read(kind.write(case))) == repr(case)
