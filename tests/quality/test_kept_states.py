"""States that begin elsewhere or are left as they were are named as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.diagnosis.diagnosing import Diagnosis, diagnose
from conformance.optimizers.torch_class import CLASS, Mistake, written
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from spec.mutants import mutants
from tests.builders import subject_of

MISTAKES = {
    "sum begins at 0.5": ("adagrad", Mistake(initial={"sum": 0.5})),
    "sum is not written back in step 2": ("adagrad", Mistake(unwritten={"sum": "t == 2"})),
    "momentum_buffer is not written back in step 2": ("sgd", Mistake(unwritten={"momentum_buffer": "t == 2"})),
}


def _diagnosed(name: str, mistake: Mistake, folder: Path, session: Session) -> Diagnosis:
    path = folder / "generated.py"
    path.write_text(written(book.build(name), "wrong", mistake))
    return diagnose(subject_of(recognise(f"{path}:{CLASS}", name, {}, session), session, dtype="float64"), ())


@pytest.mark.parametrize("title", MISTAKES)
def test_a_state_that_is_kept_wrongly_is_named(title: str, tmp_path: Path, session: Session) -> None:
    """Where it begins is read off the first steps; a step in which it is left out has its number."""
    found = _diagnosed(*MISTAKES[title], tmp_path, session)
    assert found.best is not None
    assert found.best.title == title


def test_where_no_drawn_case_says_it_a_directed_one_does(tmp_path: Path, session: Session) -> None:
    """Tensors without dimensions are asked for where nothing explains what is wrong in them."""
    rule = book.build("sgd")
    wrong = next(each.wrong for each in mutants(rule, book.family("sgd")) if each.name == "update: sign of theta")
    found = _diagnosed("sgd", Mistake(wrong, "p.dim() == 0"), tmp_path, session)
    assert found.best is None
    assert any("wrong only in tensors without dimensions" in text for text in found.regimes)
