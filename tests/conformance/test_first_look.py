"""What fails is told at a first look, before the processes that judge have their first verdict."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands.console import Progress
from conformance.commands.first_look import FirstLook
from conformance.engine.judging import Judged
from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import entry, unit_of

WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
ASKED = ("agreement/local", "decay/moments-do-not-see-lambda", "agreement/trajectory")


def looked(name: str, rule: str = "adamw", asked: tuple[str, ...] = ASKED) -> list[CellResult]:
    """Return what a whole look at a wrong optimizer tells."""
    found: list[CellResult] = []
    with Session() as session:
        item = recognise(f"{WRONG}:{name}", rule, {}, session)
        unit = unit_of(item, *asked, cases=200)
        look = FirstLook([unit], session, lambda _, result: found.append(result))
        look._look()
    return found


@pytest.mark.parametrize(("name", "failing"), [("AdamW", 0), ("DecayAfter", 2)])
def test_a_look_tells_what_fails_and_accuses_nobody_else(name: str, failing: int) -> None:
    """A wrong decay is told with its values on few cases, and a right optimizer has nothing to be told of."""
    found = looked(name)
    assert [result.cell.property for result in found] == ["agreement/local", "agreement/trajectory"][:failing]
    assert all(result.findings and result.figures.cases <= 3 for result in found)


def test_what_only_should_hold_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """A look has the level of the run, and what is legal is printed once where there is one such value."""
    (result,) = looked("Lion", "lion", ("hyperparameters/refused",))
    assert result.shown is Level.SHOULD
    (finding,) = result.findings
    assert finding.legal[0] == finding.legal[1]
    unit = unit_of(entry("torch.SGD"), "hyperparameters/refused")
    Progress(Console(width=500), [unit], {}).looked(unit, result)
    printed = capsys.readouterr().out
    assert printed.startswith("△ should")
    assert printed.rstrip().endswith(f"lr=nan at construction: accepted, legal {finding.legal[0]}")


def test_a_look_that_breaks_or_is_closed_costs_nothing() -> None:
    """A worker that ends in the middle ends the look, and nothing else."""
    with Session() as session:
        item = recognise(f"{WRONG}:AdamW", "adamw", {}, session)
        hanging = dataclasses.replace(item, target=f"{WRONG}:Hangs", identifier="Hangs")
        with FirstLook([unit_of(hanging, "agreement/local")], session, lambda _, __: None) as look:
            pass
        look._thread.join(5)
        assert not look._thread.is_alive()


def test_a_look_ends_where_the_judges_are_as_far() -> None:
    """Once those that judge have a verdict on what is looked at, or on what follows, nothing more is looked at."""
    found: list[CellResult] = []
    with Session() as session:
        item = recognise(f"{WRONG}:DecayAfter", "adamw", {}, session)
        unit = dataclasses.replace(unit_of(item, "agreement/local"), properties=ASKED)
        look = FirstLook([unit], session, lambda _, result: found.append(result))
        look.cell(unit, Judged(CellResult(unit.cell("agreement/local"), Verdict.PASS)))
        look._look()
    assert found == []
