"""What a wrong scheduler computes instead of its schedule is told once, with everything that this explains."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.causes import causes
from conformance.diagnosis.schedule_diagnosing import diagnose_schedule
from conformance.diagnosis.schedule_hypotheses import GROWING
from conformance.engine.claim import Plan
from conformance.engine.judging import verdict
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.verdict import Cause, Level
from conformance.recognition.scheduler import own_scheduler
from conformance.schedulers.subject import SchedulerSubject
from conformance.schedulers.torch_scheduler import CLASS, NoClosedFormError, written
from impls.session import Session
from spec import schedules as book
from tests.quality.faulty_schedulers import faulty_schedulers

FILE = Path(__file__).with_name("wrong_schedulers.py")
PLAN = Plan(6, 0, 0)
COSINE = book.build("cosine", {"after": "hold"})


def _subject(target: str, session: Session, schedule: str = "cosine", **options: str) -> SchedulerSubject:
    return SchedulerSubject(own_scheduler(target, schedule, options, session), session)


def _causes(subject: SchedulerSubject, names: list[str]) -> tuple[Cause, ...]:
    claims = [BY_IDENTIFIER[SCHEDULERS][name] for name in names]
    results = [verdict(subject, c, subject.cell(c.identifier), c.judge(subject, PLAN), PLAN) for c in claims]
    return causes(results, lambda _: subject)


def _faulty(name: str, folder: Path, session: Session) -> SchedulerSubject:
    fault = faulty_schedulers()[name]
    path = folder / "faulty.py"
    path.write_text(fault.source)
    return _subject(f"{path}:{CLASS}", session, fault.rule, **fault.options)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("OneLate", "one step late: the first value is used twice"),
        ("SinglePrecision", "as if it were computed in float32"),
        ("DoubledAngle", GROWING),
        ("OneBaseForAll", "as if every group had the lr and settings of the first"),
    ],
)
def test_what_a_scheduler_computes_instead_is_named(name: str, title: str, session: Session) -> None:
    """A count that lags, a narrow format and a shared setting are told apart from every other mistake."""
    found = diagnose_schedule(_subject(f"{FILE}:{name}", session), (), momentum=False)
    assert found.best is not None
    assert (found.best.title, found.rivals) == (title, ())


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("T + 1 for T", "learning rate: T + 1 for T"),
        ("after=periodic for after=hold", "this is cosine"),
        ("lr is multiplied twice", "lr is multiplied twice"),
    ],
)
def test_a_generated_mistake_is_named(name: str, title: str, tmp_path: Path, session: Session) -> None:
    """A mutant of the formula, another option and another factor are each named as what they are."""
    found = diagnose_schedule(_faulty(name, tmp_path, session), (), momentum=False)
    assert found.best is not None
    assert found.best.title == title


def test_a_class_written_from_a_closed_form_has_it(tmp_path: Path, session: Session) -> None:
    """Nothing of it is outside its formula, and nothing is to be explained."""
    path = tmp_path / "right.py"
    path.write_text(written(COSINE, "right"))
    found = diagnose_schedule(_subject(f"{path}:{CLASS}", session, after="hold"), (), momentum=False)
    assert (found.best, found.failing, found.runs > 0) == (None, 0, True)


def test_a_setting_that_is_not_heard_is_no_scheduler_without_it(tmp_path: Path, session: Session) -> None:
    """An argument that is called as a setting is that setting, though the formula holds where it is left alone."""
    subject = _faulty("as if eta_min were not heard, and 0", tmp_path, session)
    assert not subject.entry.fixed
    found = diagnose_schedule(subject, (), momentum=False)
    assert found.best is not None
    assert found.best.title == "as if eta_min were not heard, and 0"


def test_one_wrong_formula_is_one_cause_of_every_property(tmp_path: Path, session: Session) -> None:
    """It names the method that computes the learning rate, and explains what its properties show."""
    names = ["lr/in-force", "order/steps", "epoch/closed-form", "horizon/limits"]
    subject = _faulty("t - 1 for t", tmp_path, session)
    (cause,) = _causes(subject, names)
    assert cause.title == "learning rate: t - 1 for t"
    assert {cell.property for cell in cause.explains} == set(names)
    assert (cause.level, cause.where.rpartition(" in ")[2]) == (Level.MUST, "get_lr")


def test_a_scheduler_that_nothing_explains_is_told_by_where_it_is_wrong(session: Session) -> None:
    """A rate below zero after the end is wrong from that joint on; the tried hypotheses are counted."""
    (cause,) = _causes(_subject(f"{FILE}:EndsBelowZero", session), ["lr/in-force"])
    assert cause.title == "wrong: the learning rate"
    assert cause.diagnosis.startswith("none of ")
    assert "from `lowest`" in cause.diagnosis


def test_a_schedule_of_metrics_or_given_functions_is_not_written() -> None:
    """Only a closed form of numbers becomes a class."""
    for name in ("plateau", "given", "cyclic"):
        with pytest.raises(NoClosedFormError, match="no closed form of numbers"):
            written(book.build(name), "right")
