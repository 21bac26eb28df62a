"""A corpus keeps few, small cases, each a file that git can keep, and reads nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.corpus.folder import Corpus
from conformance.corpus.rounds import EXTREME, WatchedClaim, replayed
from conformance.corpus.stored import MOST_BYTES, CorpusError, Kept, Why, excessive, read, text_of
from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.engine.exploration import Exploration
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Cell
from tests.conformance.fake_units import FakeClaim, FakeKind, FakeSubject

CELL = Cell("torch.SGD", "foreach", "cpu", "float32", "agreement/local")
PLAN = Plan(10, 1, 0)


def kept(number: int, why: Why = Why.FAILED, **more: Any) -> Kept:
    """Return a case of the cell."""
    return Kept(why, OPTIMIZERS, CELL, "number", {"number": number}, subject={"target": "torch.optim:SGD"}, **more)


def test_a_case_that_is_kept_is_read_again(tmp_path: Path) -> None:
    """Its file is named by a hash, and holds what a stored failure has too."""
    corpus = Corpus(tmp_path / "corpus")
    assert corpus.offer(kept(1))
    assert not corpus.offer(kept(1))
    (file,) = (tmp_path / "corpus").iterdir()
    assert file.name == kept(1).name
    assert json.loads(file.read_text()).items() >= {"property": CELL.property, "target": "torch.optim:SGD"}.items()
    again = Corpus(tmp_path / "corpus")
    assert again.of(CELL) == (kept(1),)
    assert again.of(Cell("torch.SGD", "fused", "cpu", "float32", "agreement/local")) == ()


def test_of_a_cell_only_the_largest_ratio_is_kept(tmp_path: Path) -> None:
    """One that is not larger by a thousandth replaces nothing."""
    corpus = Corpus(tmp_path)
    taken = [corpus.offer(kept(number, Why.RATIO, ratio=ratio)) for number, ratio in enumerate((0.5, 0.5004, 0.7, 0.6))]
    assert taken == [True, False, True, False]
    assert [json.loads(file.read_text())["ratio"] for file in tmp_path.iterdir()] == [0.7]


def test_a_mutant_that_is_known_keeps_no_second_case(tmp_path: Path) -> None:
    """Of several mutants the new ones are named."""
    corpus = Corpus(tmp_path)
    assert corpus.offer(kept(1, Why.KILLED, mutants=("a",)))
    assert not corpus.offer(kept(2, Why.KILLED, mutants=("a",)))
    assert corpus.offer(kept(3, Why.KILLED, mutants=("a", "b")))
    assert Corpus(tmp_path).kept[kept(3).name].mutants == ("b",)


def test_a_corpus_has_a_bound(tmp_path: Path) -> None:
    """What fails stays longest; a case that is too large is not kept at all."""
    corpus = Corpus(tmp_path, most=2)
    assert corpus.offer(kept(1, Why.RATIO, ratio=0.9))
    assert corpus.offer(kept(2, Why.KILLED, mutants=("a",)))
    assert corpus.offer(kept(3))
    assert {one.why for one in Corpus(tmp_path).kept.values()} == {Why.FAILED, Why.KILLED}
    large = Kept(Why.FAILED, OPTIMIZERS, CELL, "number", {"number": "1" * MOST_BYTES})
    assert not corpus.offer(large)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"case": {"shape": [1 << 30, 1 << 30]}}, "asks for more than"),
        ({"case": {"groups": [{"tensors": [{"shape": [99999999]}]}]}}, "asks for more than"),
        ({"case": {"steps": 10**9}}, "asks for more than"),
        ({"case": [1]}, "Expected `object`"),
        ({"why": "because"}, "Invalid enum value"),
        ({"path": 1}, "Expected `str`"),
    ],
)
def test_what_is_no_case_is_passed_over(changed: Mapping[str, Any], said: str, tmp_path: Path) -> None:
    """A case that asks for too much, or another document, is told and never run."""
    (tmp_path / "a.json").write_text(json.dumps({**json.loads(text_of(kept(1))), **changed}))
    with pytest.raises(CorpusError, match=said):
        read(tmp_path / "a.json")
    corpus = Corpus(tmp_path)
    assert corpus.kept == {}
    assert said in corpus.unread[0]


def test_files_that_are_none_are_passed_over(tmp_path: Path) -> None:
    """Text, a deep nest, a file without end and a link."""
    (tmp_path / "text.json").write_text("judging")
    (tmp_path / "deep.json").write_text("[" * 60_000)
    (tmp_path / "large.json").write_text(" " * (MOST_BYTES + 1))
    (tmp_path / "link.json").symlink_to(tmp_path / "text.json")
    assert len(Corpus(tmp_path).unread) == 4
    with pytest.raises(OSError, match="is a link or a file; give a folder"):
        Corpus(tmp_path / "text.json")


def test_small_cases_are_not_excessive() -> None:
    """Numbers as text, shapes and steps of a usual size."""
    assert not excessive({"steps": 20, "groups": [{"tensors": [{"shape": [3, 5]}], "lr": "0x1p-3"}]})


def test_a_claim_that_is_watched_tells_the_case_nearest_to_its_bound() -> None:
    """The largest legal ratio, and none that is outside."""

    class Rated(FakeClaim):
        def run(self, subject: FakeSubject, case: int, tally: Tally, plan: Plan) -> None:
            super().run(subject, case, tally, plan)
            tally.add_ratios(np.array([case / 10.0]))

    evidence = WatchedClaim(Rated("rated", (3, 7, 5, 20))).judge(FakeSubject(), PLAN)
    assert [(exhibit.sort, exhibit.data) for exhibit in evidence.tally.exhibits] == [
        (EXTREME, {"kind": "number", "case": {"number": 7}, "ratio": 0.7})
    ]
    assert len(evidence.tally.failures) == 1


def test_stored_cases_are_judged_in_the_place_of_a_claims_own() -> None:
    """Those that fail fail again; those that do not fit or cannot be read cost nothing."""
    claim = FakeClaim("passes")
    cases = ({"number": 30}, {"number": -1}, {"number": "many"}, {}, {"number": 4})
    evidence = replayed(claim, FakeSubject(), PLAN, cases)
    assert [failure.case for failure in evidence.tally.failures] == [30]
    assert evidence.tally.cases == 2
    assert WatchedClaim(claim, {"passes": cases}).judge(FakeSubject(), PLAN).digest == evidence.digest


def test_an_exploration_without_ratios_has_no_extreme() -> None:
    """A claim that compares bit for bit comes near to nothing."""
    exploration = Exploration(FakeKind())
    exploration.listed([1, 2], lambda _: None)
    assert exploration.evidence.extreme is None
