"""A value outside is a finding only where the exact computation says so too."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.verdict import Figures, Verdict, of_values_outside
from conformance.optimizers import rule_kind as findings
from conformance.recognition.optimizer import recognise
from impls.session import Session
from reference.balls.confirmation import Confirmation, confirm
from reference.formats import FLOAT32
from reference.profile import Profile
from spec import rules as book
from tests.builders import entry, result_of, unit_of

WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
FIGURES = Figures(cases=2, element_cases=20, values=60, outside=7)
PLAIN = Profile.from_mapping({}, "adabelief")


def _judged(session: Session) -> tuple[Verdict, str, int]:
    item = recognise(f"{WRONG}:EpsilonInside", "adamw", {}, session)
    result = result_of(unit_of(item, "agreement/local", cases=3), session)
    return result.verdict, result.reason, len(result.findings)


def test_what_is_not_confirmed_is_undecided(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a second computation that confirms nothing a wrong optimizer has no finding and no pass."""
    assert _judged(session)[0] is Verdict.FAIL
    monkeypatch.setattr(findings, "confirm", lambda *_: Confirmation(False, "not confirmed"))
    verdict, reason, found = _judged(session)
    assert (verdict, found) == (Verdict.UNDECIDED, 0)
    assert "the exact computation confirms none of them" in reason


def test_values_outside_without_a_finding_decide_nothing() -> None:
    """The verdict on values outside hangs on what is confirmed."""
    verdict, reason = of_values_outside((), FIGURES)
    assert verdict is Verdict.UNDECIDED
    assert reason.startswith("7 of 60 values are outside the fast enclosure")


@pytest.mark.parametrize(("gradient", "value"), [(1.0, -1.0), (-1.0, 1.0)])
def test_a_number_where_a_division_by_zero_is_infinite_is_confirmed(gradient: float, value: float) -> None:
    """AdaBelief without epsilon divides by an exact zero at its first step: nothing finite is legal."""
    settings = {"eta": 1.0, "beta1": 0.0, "beta2": 0.0, "epsilon": 0.0, "t": 1.0}
    before = {"theta": 0.0, "m": 0.0, "v": 0.0, "g": gradient}
    rule = book.build("adabelief")
    found = confirm(rule, PLAIN, FLOAT32, settings, before, "theta", value)
    assert found.confirmed
    assert "inf, " in found.sentence
    infinite = -gradient * float("inf")
    assert not confirm(rule, PLAIN, FLOAT32, settings, before, "theta", infinite).confirmed


def test_nothing_is_confirmed_where_zero_is_divided_by_zero() -> None:
    """A gradient of zero leaves 0 / 0: NaN is legal, and so is not confirmed as wrong."""
    settings = {"eta": 1.0, "beta1": 0.0, "beta2": 0.0, "epsilon": 0.0, "t": 1.0}
    before = {"theta": 0.0, "m": 0.0, "v": 0.0, "g": 0.0}
    found = confirm(book.build("adabelief"), PLAIN, FLOAT32, settings, before, "theta", float("nan"))
    assert not found.confirmed


def test_a_trajectory_with_a_state_of_one_number_is_judged(session: Session) -> None:
    """NAdam's product of momenta is known as an interval alone after the first step, and its steps are judged."""
    result = result_of(unit_of(entry("torch.NAdam"), "agreement/trajectory", cases=3), session)
    assert result.verdict is Verdict.PASS, result.reason
