"""What the suite claims to catch, it catches: each mistake is found, reduced and reproduced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.engine import Unit, judge_unit
from conformance.recognition import recognise
from conformance.verdict import CellResult, Verdict
from impls.session import Session

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


@pytest.fixture(scope="module")
def session() -> Session:
    """A worker for recognition."""
    with Session() as started:
        yield started


def judged(name: str, session: Session, timeout: float = 60.0, rule: str = "adamw") -> CellResult:
    """Return the verdict on local agreement in float32."""
    options = {"decay": "decoupled"} if rule == "lion" else {}
    item = recognise(f"{FILE}:{name}", rule, options, session)
    unit = Unit(item, item.paths[0], "cpu", "float32", ("agreement/local",), 24, 0,
                timeout=timeout, measure_power=False)  # fmt: skip
    return judge_unit(unit).results[0]


def test_a_right_optimizer_passes(session: Session) -> None:
    """The optimizer that the wrong ones are made from conforms."""
    assert judged("AdamW", session).verdict is Verdict.PASS


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_reduced_and_reproduced(
    name: str, session: Session, shows: Callable[[str], object]
) -> None:
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
    [
        ("Killed", "SIGKILL"),
        ("Exits", "status 4"),
        ("Hangs", "no answer"),
        ("Floods", "print"),
        ("Raises", "no step today"),
    ],
)
def test_a_hostile_step_is_a_verdict_and_costs_no_other(name: str, words: str, session: Session) -> None:
    """A step that ends its worker gives an error with the case, and the next one is judged."""
    item = recognise(f"{FILE}:AdamW", "adamw", {}, session)
    hostile = recognise_as(item, name)
    unit = Unit(hostile, item.paths[0], "cpu", "float32", ("agreement/local",), 4, 0,
                timeout=3.0 if name == "Hangs" else 30.0, measure_power=False)  # fmt: skip
    result = judge_unit(unit).results[0]
    assert result.verdict is Verdict.ERROR
    assert words in result.reason
    assert "at the case with" in result.reason
    assert judged("AdamW", session).verdict is Verdict.PASS


def recognise_as(item: object, name: str) -> object:
    """Return the entry of the right optimizer with the target of a hostile one."""
    import dataclasses

    return dataclasses.replace(item, target=f"{FILE}:{name}", identifier=name)  # type: ignore[type-var]


def test_a_rule_that_torch_does_not_have_is_judged_too(session: Session) -> None:
    """A stranger's Lion passes, and one with its two rates swapped does not."""
    assert judged("Lion", session, rule="lion").verdict is Verdict.PASS
    wrong = judged("LionWithSwappedRates", session, rule="lion")
    assert wrong.verdict is Verdict.FAIL
    assert {finding.quantity for finding in wrong.findings} == {"θ", "m"}
