"""Classes that are written from a formula, right or with one mistake, are judged and diagnosed as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.diagnosis.diagnosing import Diagnosis, diagnose
from conformance.optimizers.torch_class import CLASS, Mistake, written
from conformance.optimizers.torch_source import UnwritableError
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from spec.mutants import mutants
from tests.builders import subject_of

SGD = book.build("sgd")


def _diagnosed(source: str, folder: Path, session: Session, rule: str = "sgd") -> Diagnosis:
    path = folder / "generated.py"
    path.write_text(source)
    item = recognise(f"{path}:{CLASS}", rule, {}, session)
    return diagnose(subject_of(item, session, dtype="float64"), ())


@pytest.mark.parametrize("name", ["sgd", "lion", "rmsprop"])
def test_a_class_written_from_a_formula_steps_as_it_says(name: str, tmp_path: Path, session: Session) -> None:
    """Nothing that it does is outside its formula."""
    assert _diagnosed(written(book.build(name), "right"), tmp_path, session, name).failing == 0


@pytest.mark.parametrize(
    "name",
    [
        "momentum buffer: b*mu off by 1e-6",
        "momentum buffer: eta for mu",
        "momentum buffer: without factor 1 - tau",
        "update: sign of theta",
    ],
)
def test_a_mutant_that_became_an_optimizer_is_named(name: str, tmp_path: Path, session: Session) -> None:
    """A state that is a little off is still set, and settings of which zero is left out may be mistaken for others."""
    mutant = next(each for each in mutants(SGD, book.family("sgd")) if each.name == name)
    found = _diagnosed(written(SGD, "wrong", Mistake(mutant.wrong)), tmp_path, session)
    assert found.best is not None
    assert found.best.title == name


def test_a_mistake_under_a_condition_leaves_the_other_steps_right(tmp_path: Path, session: Session) -> None:
    """What is wrong from the second group on is told as such."""
    mutant = next(each for each in mutants(SGD, book.family("sgd")) if each.name == "update: without factor s_t")
    found = _diagnosed(written(SGD, "wrong", Mistake(mutant.wrong, "place > 0")), tmp_path, session)
    assert found.best is None
    assert any("in further groups" in said for said in found.regimes)


def test_a_rule_of_whole_tensors_is_not_written() -> None:
    """Only operations on single elements become lines of such a class."""
    with pytest.raises(UnwritableError, match="no rule of single elements"):
        written(book.build("lamb"), "right")
