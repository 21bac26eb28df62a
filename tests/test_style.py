"""The project keeps its own rules of style."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("spec", "reference", "impls", "conformance", "tests")
FILES = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
TESTS = {name: text for name, text in FILES.items() if Path(name).name.startswith("test_")}
TOLERANCE = re.compile(r"\b(rtol|atol|rel_tol|abs_tol|isclose|allclose|assert_close|approx)\b")


def test_there_are_files_to_look_at() -> None:
    """Every folder has modules, and the tests are among them."""
    assert {name.partition("/")[0] for name in FILES} == set(FOLDERS)
    assert TESTS


def test_no_tolerance_is_named() -> None:
    """No module names a tolerance; this one alone does, to look for them."""
    mine = str(Path(__file__).relative_to(ROOT))
    assert [name for name, text in FILES.items() if name != mine and TOLERANCE.search(text)] == []
    assert TOLERANCE.search(FILES[mine])


def test_a_module_is_short() -> None:
    """A module has fewer than 400 lines."""
    assert {name: len(text.splitlines()) for name, text in FILES.items() if text.count("\n") >= 400} == {}


def test_every_test_states_a_claim() -> None:
    """Every test has a docstring of one sentence."""
    silent = []
    for name, text in TESTS.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                sentence = ast.get_docstring(node)
                if not sentence or not sentence.endswith("."):
                    silent.append(f"{name}: {node.name}")
    assert silent == []
