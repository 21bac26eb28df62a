"""What the suite claims to catch, it catches: each mistake is found, reduced and reproduced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.engine.verdict import CellResult, Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import result_of, unit_of

FILE = Path(__file__).with_name("wrong_optimizers.py")
MISTAKES = {
    "EpsilonInside": "theta",
    "StepMinusOne": "theta",
    "Beta1ForSquare": "v",
    "DecayAfter": "theta",
    "Coupled": "theta",
    "WeightInFloat32": "v",
    "SecondGroup": "theta",
}


def judged(name: str, session: Session, rule: str = "adamw") -> CellResult:
    """Return the verdict on local agreement in float32."""
    options = {"decay": "decoupled"} if rule == "lion" else {}
    item = recognise(f"{FILE}:{name}", rule, options, session)
    return result_of(unit_of(item, "agreement/local", cases=24), session)


def test_a_right_optimizer_passes(session: Session) -> None:
    """The optimizer that the wrong ones are made from conforms."""
    assert judged("AdamW", session).verdict is Verdict.PASS


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_reduced_and_reproduced(name: str, session: Session, shows: Callable[[str], object]) -> None:
    """A wrong optimizer fails with one element, confirmed, and its script shows it with torch."""
    result = judged(name, session)
    assert result.verdict is Verdict.FAIL
    finding = next(f for f in result.findings if f.quantity.replace("θ", "theta") == MISTAKES[name])
    assert "confirms" in finding.confirmed
    assert "not confirm" not in finding.confirmed.lower()
    sizes = finding.case["tensors"]
    assert sizes == ("[[[1]], [[1]]]" if name == "SecondGroup" else "[[[1]]]")
    shows(finding.script)


@pytest.mark.parametrize(
    ("name", "words"),
    [("Killed", "SIGKILL"), ("Exits", "SystemExit"), ("Hangs", "no answer"), ("Raises", "no step today")],
)
def test_a_hostile_step_is_a_verdict_and_costs_no_other(name: str, words: str, session: Session) -> None:
    """A step that ends its worker gives an error with the case, and the next one is judged."""
    item = recognise(f"{FILE}:AdamW", "adamw", {}, session)
    hostile = dataclasses.replace(item, target=f"{FILE}:{name}", identifier=name)
    with Session(timeout=3.0 if name == "Hangs" else 30.0) as own:
        result = result_of(unit_of(hostile, "agreement/local"), own)
        assert result.verdict is Verdict.ERROR
        assert words in result.reason
        assert result.findings[0].case["stored"]["groups"]
        next_one = result_of(unit_of(item, "agreement/local"), session if name == "Hangs" else own)
    assert next_one.verdict is Verdict.PASS


def test_a_rule_that_torch_does_not_have_is_judged_too(session: Session) -> None:
    """A stranger's Lion passes, and one with its two rates swapped does not."""
    assert judged("Lion", session, rule="lion").verdict is Verdict.PASS
    wrong = judged("LionWithSwappedRates", session, rule="lion")
    assert wrong.verdict is Verdict.FAIL
    assert {finding.quantity for finding in wrong.findings} == {"θ", "m"}
