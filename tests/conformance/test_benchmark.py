"""The benchmark tells what is worse than another run."""

from __future__ import annotations

from conformance.commands.benchmark import PER_SECOND, compared


def test_a_speed_that_halves_and_a_start_that_doubles_are_worse() -> None:
    """Of speeds more is better and of seconds and bytes less; what the other run did not measure is left out."""
    fast, slow, start = f"Adam, {PER_SECOND}", f"Yogi, {PER_SECOND}", "start of rules, s"
    before = {fast: 100.0, slow: 100.0, start: 1.0, "gone": 1.0}
    table, worse = compared({fast: 200.0, slow: 40.0, start: 2.5, "new": 1.0}, before, 0.5)
    assert worse == [slow, start]
    assert [str(cell) for cell in table.columns[3].cells] == ["2.00", "0.40", "0.40"]
