"""References are judged until so many element-cases are decided, and what is short is named."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from conformance import references, volume
from conformance.agreement import Tally
from conformance.cases import Case
from conformance.claims import BY_IDENTIFIER
from conformance.engine import Unit, subject_of
from conformance.own_references import NUMPY, ReferenceSubject, implementations
from conformance.properties import Plan
from conformance.subject import Outcome, Prepared
from conformance.verdict import Cell, CellResult, Figures, Verdict
from impls.session import Session

CELL = Cell("reference.sgd", "numpy", "cpu", "float32", "agreement/local")


@dataclasses.dataclass(frozen=True)
class WrongFarOut(ReferenceSubject):
    """A reference whose elements from 7000 on are off by one."""

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> Outcome:
        """Make the step, and spoil a large tensor."""
        outcome = super().run(case, prepared, every=every)
        for tensor in outcome.steps[-1]:
            theta = tensor.values["theta"]
            if theta is not None and theta.size > 7000:
                theta[7000:] += 1.0
        return outcome


def _subject(session: Session) -> ReferenceSubject:
    item = next(item for item in implementations() if item.rule == "sgd")
    subject = subject_of(Unit(item, NUMPY, "cpu", "float32", (), 1, 0), session)
    assert isinstance(subject, ReferenceSubject)
    return subject


def test_large_tensors_follow_until_enough_is_decided() -> None:
    """Undecided element-cases do not count, and every variant has its share."""
    tally, seen = Tally(undecided=0), Counter[tuple[str, ...]]()

    def body(case: Case) -> None:
        seen[case.switches] += 1
        tally.element_cases += case.elements
        tally.undecided += case.elements // 2

    with Session() as session:
        subject = _subject(session)
        volume.fill(subject, 400_000, 0, tally, body)
    assert tally.element_cases - tally.undecided >= 400_000
    assert seen.keys() == subject.rules.keys()
    assert max(seen.values()) - min(seen.values()) <= 1


def test_what_is_wrong_in_a_large_tensor_alone_is_found() -> None:
    """The usual cases here have 64 elements; those that follow show the mistake."""
    judge = BY_IDENTIFIER["agreement/local"].judge
    with Session() as session:
        right = _subject(session)
        wrong = WrongFarOut(**{field.name: getattr(right, field.name) for field in dataclasses.fields(right)})
        assert not judge(wrong, Plan(5, 64, 0)).tally.outside
        assert judge(wrong, Plan(5, 64, 0, least=10**5)).tally.outside
        assert not judge(right, Plan(5, 64, 0, least=10**5)).tally.outside


@pytest.mark.parametrize(
    ("verdict", "figures", "short"),
    [
        (Verdict.PASS, Figures(element_cases=120, undecided=20), 0),
        (Verdict.PASS, Figures(element_cases=120, undecided=21), 1),
        (Verdict.FAIL, Figures(element_cases=120, outside=1), 1),
        (Verdict.ERROR, Figures(element_cases=120), 1),
    ],
)
def test_undecided_does_not_count_and_what_is_short_is_named(
    verdict: Verdict, figures: Figures, short: int
) -> None:
    """A hundred element-cases are asked for; every line stands in the table."""
    sums = references.Sums()
    line = sums.add_cell("sgd", CellResult(CELL, verdict, "", figures), 100)
    assert line.startswith("sgd float32: ")
    assert len(sums.short) == short
    assert sums.failed is (verdict is Verdict.FAIL)
    assert "| sgd | float32 | " in sums.markdown()


def test_an_unknown_rule_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is judged, and the answer says what there is."""
    monkeypatch.setattr("sys.argv", ["references", "adan_w"])
    assert references.main() == 2
    assert "adan" in capsys.readouterr().err
