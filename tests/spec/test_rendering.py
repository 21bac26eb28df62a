"""Formulas as text and as MathML: names as they are, and never as markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import sympy as sp

from spec import rendering

HOSTILE = "<script>alert(1)</script>&"


@pytest.mark.parametrize(
    "formula",
    [sp.Symbol(HOSTILE), sp.Symbol(f"m_{HOSTILE}"), sp.Function(HOSTILE)(sp.Symbol("x"))],
    ids=["symbol", "subscript", "function"],
)
def test_a_name_is_escaped_where_it_is_written(formula: sp.Expr) -> None:
    """A name with markup in it stands in the MathML as text, and in the text as it is."""
    root = ET.fromstring(rendering.mathml(formula))
    assert {element.tag for element in root.iter()} <= {"math", "mi", "mo", "mrow", "msub"}
    assert HOSTILE in "".join(root.itertext())
    assert HOSTILE in rendering.text(formula)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("rho_infty", "ρ_∞", "ρ∞"), ("mhat_t", "m\N{COMBINING CIRCUMFLEX ACCENT}_t", "m^t"), ("beta1", "β₁", "β1")],
)
def test_no_part_of_a_name_is_lost(name: str, text: str, words: str) -> None:
    """Letter, accent and subscript are in the text and in the MathML."""
    symbol = sp.Symbol(name)
    assert rendering.text(symbol) == text
    assert "".join(ET.fromstring(rendering.mathml(symbol)).itertext()) == words
