"""The benchmark tells what is worse than another run."""

from __future__ import annotations

from conformance.commands.benchmark import OVER_STEP, PER_SECOND, compared


def test_a_speed_that_halves_and_a_start_that_doubles_are_worse() -> None:
    """Of speeds more is better and of the rest less; what depends on the step, or was not measured, fails nothing."""
    fast, slow, over, start = f"Adam, {PER_SECOND}", f"Yogi, {PER_SECOND}", f"Adam, {OVER_STEP}", "start of rules, s"
    before = {fast: 100.0, slow: 100.0, over: 1.0, start: 1.0, "gone": 1.0}
    table, worse = compared({fast: 200.0, slow: 40.0, over: 4.0, start: 2.5, "new": 1.0}, before, 0.5)
    assert worse == [slow, start]
    assert [str(cell) for cell in table.columns[3].cells] == ["2.00", "0.40", "0.25", "0.40"]
