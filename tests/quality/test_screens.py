"""The page on how findings read shows what checks print."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.screens import PAGE, SHOWN, page

TEXT = (Path(__file__).parents[2] / PAGE).read_text()


def test_the_page_has_a_screen_of_each_mistake() -> None:
    """Under each heading stands at least one cause."""
    _, *sections = TEXT.split("\n## ")
    assert [section.partition("\n")[0].lower() for section in sections] == [name.lower() for name in SHOWN]
    assert all("optimizer.py:Optimizer: " in section for section in sections)


@pytest.mark.thorough
def test_the_page_is_as_it_is_printed() -> None:
    """Checked anew, every optimizer with a mistake gets the screen that the page has."""
    assert page() == TEXT
