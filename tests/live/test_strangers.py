"""A right class of every variant of every rule is judged in every style of names and places."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.verdict import Verdict
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from tests.builders import result_of, unit_of

FILE = Path(__file__).parents[1] / "quality" / "strangers.py"
FAMILIES = sorted(set(book.families()) - {"lbfgs", "sparse_adam"})
STYLES = [
    *("torch", "spelled", "other", "unlike", "int", "group", "optimizer"),
    *("nested", "attribute", "id", "packed", "listed", "once"),
]


def _wrong(family: str, style: str, session: Session) -> list[str]:
    """Return the variants whose class is not judged right in a style."""
    found = []
    for rule in book.families()[family].variants():
        options = book.families()[family].options
        digits = "".join(str(list(option.values).index(rule.options[option.name])) for option in options)
        item = recognise(f"{FILE}:{family}__{digits}__{style}", family, dict(rule.options), session)
        result = result_of(unit_of(item, "agreement/local", cases=2), session)
        if "" in item.states.values() or result.verdict is not Verdict.PASS:
            found.append(f"{rule.label}: {dict(item.states)} {result.verdict} {result.reason}")
    return found


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_variant_is_judged(family: str, style: str, session: Session) -> None:
    """Its settings and its states are found, and its formula agrees from any state."""
    assert _wrong(family, style, session) == []
