"""A proof that was made is kept with its statement, and nothing else is ever believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy as sp

from spec import cache_folder, kept_proofs, proofs
from spec import rules as book
from spec.claims import claims
from spec.family import FormulaClaim
from spec.kept_proofs import kept_form_is_equal, kept_proof

X = sp.Symbol("x", positive=True)
RIGHT = FormulaClaim("right", "x is x", "algebra", "by hand", lambda: ((sp.sqrt(X**2), X),))


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep proofs in a folder of the test."""
    monkeypatch.setenv(cache_folder.FOLDER, str(tmp_path))
    for function in (cache_folder.folder, kept_proofs._tidied):
        function.cache_clear()
    yield tmp_path / "proofs"
    cache_folder.folder.cache_clear()


def count_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the prover is asked from now on."""
    asked: list[str] = []
    own = proofs.prove
    monkeypatch.setattr(proofs, "prove", lambda claim: asked.append(claim.identifier) or own(claim))
    return asked


def test_what_was_proven_is_not_proven_again(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    """The second answer comes from the file, and is the first."""
    asked = count_asked(monkeypatch)
    first, second = kept_proof(RIGHT), kept_proof(RIGHT)
    assert first == second
    assert first.status == "proven"
    assert asked == ["right"]
    assert len(list(kept.glob("*.json"))) == 1


def test_a_symbol_with_other_assumptions_makes_another_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds of positive numbers is not believed of real ones that are called the same."""
    real = sp.Symbol("x", real=True)
    wrong = FormulaClaim("right", "x is x", "algebra", "by hand", lambda: ((sp.sqrt(real**2), real),))
    asked = count_asked(monkeypatch)
    assert kept_proof(RIGHT).proven
    assert not kept_proof(wrong).proven
    assert not kept_proof(wrong).proven
    assert asked == ["right", "right"]


@pytest.mark.parametrize(
    "changed",
    [{"statement": ["a claim", "(1)", "()", "()"]}, {"prover": "another"}, {"answer": [True]}, {"answer": "yes"}, None],
)
def test_a_file_that_is_stale_or_foreign_is_not_believed(
    changed: dict[str, object] | None, monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    """Where statement, prover or answer are not what they must be, the claim is proven anew."""
    wrong = FormulaClaim("wrong", "x is x + 1", "algebra", "by hand", lambda: ((X, X + 1),))
    assert not kept_proof(wrong).proven
    (path,) = kept.glob("*.json")
    held = {**json.loads(path.read_text()), "answer": [True, 1, True]}
    path.write_text(json.dumps({**held, **changed}) if changed else "{")
    asked = count_asked(monkeypatch)
    assert not kept_proof(wrong).proven
    assert asked == ["wrong"]


def test_a_form_is_kept_with_the_whole_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form of a line is asked about once in each variant, and the answer is that of the prover."""
    rule = book.build("adam", {})
    pairs = [(line, form) for line in rule.program for form in line.forms]
    assert pairs
    before = [kept_form_is_equal(rule, *pair) for pair in pairs]
    assert before == [proofs.form_is_equal(rule, *pair) for pair in pairs]
    monkeypatch.setattr(proofs, "form_is_equal", lambda *_: pytest.fail("it is asked again"))
    assert before == [kept_form_is_equal(rule, *pair) for pair in pairs]


def test_without_a_folder_of_ones_own_everything_is_proven(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    """What others can write to is neither read nor written."""
    kept.mkdir()
    kept.chmod(0o777)
    asked = count_asked(monkeypatch)
    assert kept_proof(RIGHT).proven
    assert kept_proof(RIGHT).proven
    assert asked == ["right", "right"]
    assert list(kept.iterdir()) == []


def test_a_number_that_cannot_be_written_is_proven_each_time(kept: Path) -> None:
    """What has no statement in letters is not kept, and is proven all the same."""
    large = sp.Integer(7) ** 10_000
    assert kept_proof(FormulaClaim("large", "x is x", "algebra", "by hand", lambda: ((X * large, large * X),))).proven
    assert not list(kept.glob("*.json"))


def test_every_claim_of_the_literature_is_answered() -> None:
    """Those about several rules are what a whole report proves."""
    assert [kept_proof(claim).status for claim in claims()] == ["proven"] * len(claims())
