"""The printed case of a finding has all that decides the value: what changes, what is beside it, what came before."""

from __future__ import annotations

from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.formula_lines import case_table

USUAL = {"eta": 0.5, "lambda": 0.0}


def failing(case: Case, *, tensor: int = 0, step: int = 0) -> Outside:
    """Return a value outside, of the first element of a tensor after a step."""
    scalars = {**USUAL, "t": step + 1.0}
    return Outside(case, "theta", tensor, 0, scalars, {"theta": 1.0, "g": 2.0}, (0.0, 1.0), 3.0, step)


def test_a_single_step_of_one_group_has_no_more_to_say() -> None:
    """Where nothing changes and nothing is beside it the table is that of the step."""
    table = case_table(failing(Case((), (GroupCase(USUAL, (TensorCase((1,), 0),)),))))
    assert set(table) == {"switches", "hyperparameters", "before", "tensors", "steps"}


def test_a_trajectory_shows_its_changed_settings_and_its_earlier_gradients() -> None:
    """Each is named by the step in which it acted; what comes after the failing step plays no part."""
    values = {"theta": (1.0,), "g0": (0.25,), "g1": (-2.0,), "g2": (7.0,)}
    group = GroupCase(USUAL, (TensorCase((1,), 0, values=values),))
    table = case_table(failing(Case((), (group,), 3, ({}, {"eta": 0.125}, {"eta": 9.0})), step=1))
    assert table["changed settings"] == {"step 2": "eta=0.125"}
    assert table["earlier gradients"] == {"step 1": "0.25"}


def test_a_group_beside_the_failing_one_is_shown_with_its_settings() -> None:
    """The other group is named by its place, and the failing one is not repeated."""
    beside = GroupCase({"eta": 0.75, "lambda": 0.5}, (TensorCase((1,), 0),))
    case = Case((), (beside, GroupCase(USUAL, (TensorCase((1,), 0),))))
    assert case_table(failing(case, tensor=1))["other groups"] == {"group 0": "eta=0.75  lambda=0.5"}
