"""A half-format parameter that is stepped with more than it shows, or rounded at random, is judged by its formula."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.verdict import CellResult, Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import result_of, unit_of

FILE = Path(__file__).with_name("half_formats.py")
KEPT = ("MasterCopy", "MasterInHalves", "Compensated")
CLAIMS = ("agreement/local", "agreement/trajectory", "life/interleaved")


def judged(name: str, claim: str, session: Session) -> CellResult:
    """Return the verdict on an optimizer of the file beside in bfloat16."""
    return result_of(
        unit_of(recognise(f"{FILE}:{name}", "adamw", {}, session), claim, dtype="bfloat16", cases=12), session
    )


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("name", [*KEPT, "RoundsAtRandom"])
def test_a_right_one_is_not_accused(name: str, claim: str, session: Session) -> None:
    """The formula holds from any state and over many steps, whatever is kept beside the parameter."""
    result = judged(name, claim, session)
    assert result.verdict is Verdict.PASS, [(f.value, f.legal) for f in result.findings] or result.reason
    assert result.figures.element_cases or result.figures.values


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_of_a_parameter_is_found(name: str, session: Session) -> None:
    """Trial steps in half formats show it, and an optimizer that keeps nothing has none."""
    assert "bfloat16" in recognise(f"{FILE}:{name}", "adamw", {}, session).rests
    assert recognise(f"{FILE}:RoundsAtRandom", "adamw", {}, session).rests == ()


def test_either_neighbour_is_legal_for_what_is_drawn_alone(session: Session) -> None:
    """What rounds at random has a profile that says so; one that cuts every value is outside."""
    assert "stored as either neighbour" in judged("RoundsAtRandom", "agreement/local", session).profile
    cut = judged("Truncates", "agreement/local", session)
    assert cut.verdict is Verdict.FAIL
    assert "either" not in cut.profile


def test_random_rounding_excuses_no_other_mistake(session: Session) -> None:
    """A wrong second moment is outside every neighbour."""
    result = judged("WithoutItsBeta", "agreement/local", session)
    assert result.verdict is Verdict.FAIL
    assert {finding.quantity for finding in result.findings} & {"v", "exp_avg_sq"}


def test_a_master_that_no_step_begins_with_is_found(session: Session) -> None:
    """What is only written loses every update that is smaller than half a unit of the parameter."""
    assert judged("ForgetsTheMaster", "precision/master-weights", session).verdict is Verdict.FAIL
