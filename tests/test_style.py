"""The project keeps its own rules of style."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("spec", "reference", "impls", "conformance", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
TOLERANCE = re.compile(r"\b(rtol|atol|rel_tol|abs_tol|isclose|allclose|assert_close|approx)\b")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_tolerance_is_named(path: Path) -> None:
    """No module names a tolerance; this one alone does, to look for them."""
    if path != Path(__file__):
        assert not TOLERANCE.findall(path.read_text())


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_module_is_short(path: Path) -> None:
    """A module has fewer than 400 lines."""
    assert len(path.read_text().splitlines()) < 400


@pytest.mark.parametrize("path", [p for p in FILES if p.name.startswith("test_")], ids=_name)
def test_every_test_states_a_claim(path: Path) -> None:
    """Every test has a docstring of one sentence."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            sentence = ast.get_docstring(node)
            assert sentence, f"{node.name} states nothing"
            assert sentence.endswith("."), node.name
