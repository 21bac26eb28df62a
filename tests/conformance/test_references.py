"""References are judged until so many element-cases are decided, and what is short is named."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from conformance.catalogue.numpy_references import ReferenceSubject
from conformance.commands import references
from conformance.commands.exit_status import DOES_NOT, NOT_JUDGED
from conformance.engine.claim import Plan
from conformance.engine.exploration import Exploration
from conformance.engine.verdict import Cell, CellResult, Figures, Verdict
from conformance.optimizers import large_tensors
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.subject import StepsRead
from impls.session import Session
from tests.builders import claim, entry, subject_of

CELL = Cell("reference.sgd", "numpy", "cpu", "float32", "agreement/local")


@dataclasses.dataclass(frozen=True)
class WrongFarOut(ReferenceSubject):
    """A reference whose elements from 7000 on are off by one."""

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> StepsRead:
        """Make the step, and spoil a large tensor."""
        outcome = super().run(case, prepared, every=every)
        for tensor in outcome.steps[-1]:
            theta = tensor.values["theta"]
            if theta is not None and theta.size > 7000:
                theta[7000:] += 1.0
        return outcome


@pytest.fixture
def right(session: Session) -> ReferenceSubject:
    """Return the reference of SGD."""
    subject = subject_of(entry("reference.sgd"), session)
    assert isinstance(subject, ReferenceSubject)
    return subject


def test_large_tensors_follow_until_enough_is_decided(right: ReferenceSubject) -> None:
    """Undecided element-cases do not count, and every variant has its share."""
    exploration, seen = Exploration(RULE), Counter[tuple[str, ...]]()
    tally = exploration.evidence.tally

    def body(case: Case) -> None:
        seen[case.switches] += 1
        tally.element_cases += case.elements
        tally.undecided += case.elements // 2

    large_tensors.fill(exploration, right, 400_000, 0, body)
    assert tally.decided >= 400_000
    assert seen.keys() == right.rules.keys()
    assert max(seen.values()) - min(seen.values()) <= 1


def test_what_is_wrong_in_a_large_tensor_alone_is_found(right: ReferenceSubject) -> None:
    """The usual cases here have 64 elements; those that follow show the mistake."""
    judge = claim("agreement/local").judge
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
def test_undecided_does_not_count_and_what_is_short_is_named(verdict: Verdict, figures: Figures, short: int) -> None:
    """A hundred element-cases are asked for; every line stands in the table."""
    sums = references.Sums()
    line = sums.add_cell("sgd", CellResult(CELL, verdict, "", figures), 100)
    assert line.startswith("sgd float32: ")
    assert len(sums.short) == short
    assert "| sgd | float32 | " in sums.markdown()


def test_an_unknown_rule_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is judged, and the answer says what there is."""
    monkeypatch.setattr("sys.argv", ["references", "adan_w"])
    assert references.main() == 2
    assert "adan" in capsys.readouterr().err


def test_a_schedule_is_measured_with_all_that_is_claimed_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints one line of a schedule and one of its mutants, and writes both as tables."""
    monkeypatch.setattr("sys.argv", ["references", "inverse_time", "--jobs", "1", "--output", str(tmp_path)])
    assert references.main() == 0
    assert "inverse_time: 3 claims; " in capsys.readouterr().out
    written = (tmp_path / "references.md").read_text()
    assert "| schedule | claims | element-cases decided |" in written
    assert "| inverse_time | 3 | " in written
    assert "| rule |" not in written


def test_a_claim_about_a_schedule_that_is_not_kept_is_short() -> None:
    """What is not applicable does not count; what fails is named with its claim."""
    sums = references.Sums()
    cell = Cell("reference.step", "numpy", "cpu", "float64", "lr/in-force")
    failed = CellResult(cell, Verdict.FAIL, "1 of 2 values is outside", Figures(element_cases=2, outside=1))
    line = sums.add_schedule("step", [failed, CellResult(cell, Verdict.NOT_APPLICABLE, "it is a function")])
    assert line.startswith("step: 1 claims; 2 element-cases decided")
    assert sums.short == ["step lr/in-force: fail: 1 of 2 values is outside"]


@pytest.mark.parametrize("status", [DOES_NOT, NOT_JUDGED])
def test_the_exit_status_is_that_of_the_reports(status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is short, and a report whose gates are not met is told by the status all the same."""
    monkeypatch.setattr(references, "exit_status", lambda _: status)
    monkeypatch.setattr("sys.argv", ["references", "inverse_time", "--jobs", "1", "--output", str(tmp_path)])
    assert references.main() == status
