"""The project keeps its own rules of style."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("spec", "reference", "impls", "conformance", "documentation", "tests")
FILES = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
WRITTEN = (".py", ".toml", ".ini", ".md", ".jinja", ".css", ".txt")
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in (*FOLDERS, "docs")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in WRITTEN
} | {path.name: path.read_text() for path in sorted(ROOT.iterdir()) if path.suffix in WRITTEN}
TESTS = {name: text for name, text in FILES.items() if Path(name).name.startswith("test_")}
LONGEST_FUNCTION = 50
JUDGE = ("spec/", "reference/", "conformance/")
TOLERANCE = re.compile(r"\b(rtol|atol|rel_tol|abs_tol|isclose|allclose|assert_close|approx)\b")


def test_there_are_files_to_look_at() -> None:
    """Every folder has modules, and the tests are among them."""
    assert {name.partition("/")[0] for name in FILES} == set(FOLDERS)
    assert TESTS


def test_no_tolerance_is_named() -> None:
    """No module, table, template or page names a tolerance; this one alone does, to look for them."""
    mine = str(Path(__file__).relative_to(ROOT))
    assert {Path(name).suffix for name in TEXTS} >= {".py", ".toml", ".ini", ".md", ".jinja"}
    assert [name for name, text in TEXTS.items() if name != mine and TOLERANCE.search(text)] == []
    assert TOLERANCE.search(TEXTS[mine])


def test_a_module_is_short() -> None:
    """A module has fewer than 400 lines."""
    assert {name: len(text.splitlines()) for name, text in FILES.items() if text.count("\n") >= 400} == {}


def test_a_function_is_short() -> None:
    """A function has at most 50 lines."""
    long = [
        f"{name}: {node.name}"
        for name, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_a_class_of_the_judge_has_a_name_of_its_own() -> None:
    """No two public classes at the top of modules are called the same."""
    places: dict[str, list[str]] = {}
    for name, text in FILES.items():
        for node in ast.parse(text).body if name.startswith(JUDGE) else ():
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert len(places) > 300
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


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


def test_no_test_asserts_in_loops_alone() -> None:
    """A loop that may run over nothing is no test: something is asserted outside of it too."""
    loose = [
        f"{name}: {node.name}"
        for name, text in TESTS.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _in_loops_alone(node)
    ]
    assert loose == []


def _in_loops_alone(test: ast.FunctionDef) -> bool:
    found = list(_assertions(test.body, sure=True))
    return bool(found) and not any(found)


def _assertions(body: list[ast.stmt], *, sure: bool) -> Iterator[bool]:
    """Yield for each assertion whether it is made whatever a loop runs over."""
    for node in body:
        text = ast.unparse(node).partition("\n")[0]
        if isinstance(node, ast.Assert) or ASSERTING.search(text):
            yield sure
        if isinstance(node, ast.For):
            yield from _assertions(node.body, sure=sure and _never_empty(node.iter))
        else:
            yield from _assertions(getattr(node, "body", []), sure=sure)


def _never_empty(over: ast.expr) -> bool:
    if isinstance(over, ast.Call):
        return ast.unparse(over.func) == "range" and isinstance(over.args[0], ast.Constant)
    return isinstance(over, (ast.Tuple, ast.List))


ASSERTING = re.compile(r"pytest\.raises|np\.testing\.|\b(shows|shows_not|refused|run)\(")
"""Calls that fail by themselves where something is not so."""
