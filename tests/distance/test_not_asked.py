"""What the code under test was not asked is never counted as passed, and never as its fault."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from conformance.engine.judging import UNASKED
from conformance.engine.verdict import Verdict
from impls.session import Deferred, NotAsked, every
from tests.conformance.fake_units import FakeClaim, FakeUnit
from tests.conformance.test_judging import judged, results
from tests.conformance.test_replay import KNOWN
from tests.conformance.test_replay import entry as known
from tests.conformance.test_replay import judged as judged_beside


def is_not_asked(_: int) -> None:
    raise NotAsked("run")


def test_a_cell_with_a_case_that_was_not_asked_is_undecided() -> None:
    """The cases that were asked are counted, and the reason says how many were not."""
    result = judged(FakeClaim("asked", (1, 2, 3), acts={2: is_not_asked}))
    assert (result.verdict, result.figures.cases) == (Verdict.UNDECIDED, 2)
    assert result.reason == "not asked at a distance: 1 case of 3"


def test_a_failure_stands_whatever_else_was_not_asked() -> None:
    """It is shown in the smallest case that was asked, and the reason says that simpler ones were not."""
    acts = dict.fromkeys((2, *range(11, 19)), is_not_asked)
    result = judged(FakeClaim("asked", (2, 20), acts=acts))
    assert result.verdict is Verdict.FAIL
    assert [found.case["stored"] for found in result.findings] == [{"number": 19}]
    assert result.reason == (
        "1 of 1 values are outside; not asked at a distance: 1 case of 2; not asked at a distance: 1 simpler case"
    )


def test_a_known_deviation_whose_case_was_not_asked_leaves_its_cell_undecided() -> None:
    """It is neither said to be gone, nor is what it would explain said to be new."""
    for cases in ((1,), (1, 20)):
        result = judged_beside(FakeClaim("asked", cases, acts={30: is_not_asked}), known(30))
        assert result.verdict is Verdict.UNDECIDED
        assert result.reason == "not asked at a distance: 1 stored case of a known deviation"
    assert judged_beside(FakeClaim("asked"), dataclasses.replace(KNOWN)).verdict is Verdict.FAIL


@pytest.mark.parametrize("place", ["applies", "subject"])
def test_what_decides_which_cases_there_are_leaves_all_open(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was not asked whether a claim applies, or what the subject is, nothing is decided."""

    def raises(*_: Any) -> Any:
        raise NotAsked("offers")

    monkeypatch.setattr({"applies": FakeClaim, "subject": FakeUnit}[place], place, raises)
    (result,) = results(FakeUnit("fake", ()), FakeClaim("asked"))
    assert (result.verdict, result.reason) == (Verdict.UNDECIDED, UNASKED)


def test_the_judge_needs_no_framework() -> None:
    """All that judges answers is imported where torch is not installed."""
    needed = "conformance.commands.judging_answers, conformance.commands.packing"
    program = f"import sys; sys.modules['torch'] = None; import {needed}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_questions_that_belong_together_are_all_put_before_one_is_told_to_be_deferred() -> None:
    """A case that compares two runs has both its questions in one kit."""
    asked = []

    def ask(number: int) -> int:
        asked.append(number)
        raise Deferred("run")

    with pytest.raises(Deferred):
        every(lambda: ask(1), lambda: ask(2))
    assert asked == [1, 2]
    assert every(lambda: 1, lambda: 2) == [1, 2]
