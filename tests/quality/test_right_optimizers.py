"""Right optimizers of odd build are accused of nothing, whatever they keep, name, refuse or wrap."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conformance.contract.clauses import CLAUSES
from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import result_of, results_of, unit_of

FOLDER = Path(__file__).with_name("right")
OWN_PROGRAMS = ("distributed/", "whole/import", "whole/leaves-nothing")
ASKED = [c.identifier for c in CLAUSES if not c.searching and not c.identifier.startswith(OWN_PROGRAMS)]
PARTS = 4
"""The clauses are dealt out: each class is asked one part of them, and the other parts where that is asked for."""
CALM = {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.DEVIATION}


BUT_FOR_SHOULD = {"RefusesHalf", "RefusesZero", "ConsumesGradients", "ComplexInDouble"}
"""These refuse what is legal, take gradients away, or load anybody's checkpoint, which only should not be."""


def _classes() -> dict[str, tuple[Path, str, dict[str, str]]]:
    """Return the file, the rule and the options of every class, by its name."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)):
            named = {ast.unparse(item.targets[0]): item.value for item in node.body if isinstance(item, ast.Assign)}
            rule, options = ast.literal_eval(named["rule"]) if "rule" in named else ("adamw", {})
            found[node.name] = (path, rule, options)
    return found


CLASSES = _classes()
NAMES = sorted(CLASSES)


def accusations(name: str, asked: list[str], session: Session) -> list[tuple[str, Verdict, str]]:
    """Return what a class is accused of, what is left open, and what broke of ours."""
    path, rule, options = CLASSES[name]
    item = recognise(f"{path}:{name}", rule, options, session)
    found: list[CellResult] = []
    for way in item.paths:
        found += results_of(unit_of(item, *asked, path=way.name, cases=3), session)
    assert any(result.verdict is Verdict.PASS for result in found)
    wrong = [result for result in found if result.verdict not in CALM]
    return [
        (r.cell.property, r.verdict, r.reason)
        for r in wrong
        if r.shown is not Level.SHOULD or name not in BUT_FOR_SHOULD
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_optimizer_is_accused_of_nothing(name: str, session: Session) -> None:
    """Of the clauses that fall to it none is broken, none is left open, and none breaks the suite."""
    assert accusations(name, ASKED[NAMES.index(name) % PARTS :: PARTS], session) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_a_right_optimizer_is_accused_of_nothing_by_the_other_clauses(name: str, session: Session) -> None:
    """Nor do the clauses that fall to others accuse it."""
    own = ASKED[NAMES.index(name) % PARTS :: PARTS]
    assert accusations(name, [clause for clause in ASKED if clause not in own], session) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_formula_of_a_right_optimizer_agrees(name: str, session: Session) -> None:
    """From any state and over many steps, whatever is kept wherever, no value is outside."""
    path, rule, options = CLASSES[name]
    item = recognise(f"{path}:{name}", rule, options, session)
    local, course = results_of(unit_of(item, "agreement/local", "agreement/trajectory", cases=3), session)
    assert local.verdict is Verdict.PASS, local.reason
    assert course.verdict is Verdict.PASS, course.reason
    assert local.figures.element_cases > 10_000


@pytest.mark.parametrize(
    ("clause", "verdict"),
    [
        ("whole/deterministic", Verdict.PASS),
        ("groups/empty", Verdict.NOT_APPLICABLE),
        ("state/deepcopy", Verdict.NOT_APPLICABLE),
        ("groups/tensor-twice", Verdict.PASS),
    ],
)
def test_what_rounds_at_random_is_compared_with_nothing(clause: str, verdict: Verdict, session: Session) -> None:
    """With a seed two runs are equal; without one no two can be compared, and all else is judged."""
    path, rule, options = CLASSES["RoundsAtRandom"]
    item = recognise(f"{path}:RoundsAtRandom", rule, options, session)
    result = result_of(unit_of(item, clause, dtype="bfloat16", cases=3), session)
    assert result.verdict is verdict, result.reason
    assert ("draws at random" in result.reason) is (verdict is Verdict.NOT_APPLICABLE)


def test_every_clause_is_asked_of_several() -> None:
    """The parts are together all clauses, and more classes than parts are asked."""
    assert sorted(clause for n in range(PARTS) for clause in ASKED[n::PARTS]) == sorted(ASKED)
    assert len(NAMES) >= 5 * PARTS
