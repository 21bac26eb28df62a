"""The book: a family is imported when it is named, and a rule of somebody's own shadows none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spec import rules, schedules
from spec.book import ShadowedRuleError

OWN = Path(__file__).parents[1] / "quality" / "own_rules"
FILES = sorted(path for folder in (rules, schedules) for path in Path(folder.__path__[0]).glob("[a-z]*.py"))
LONGEST = 140
IMPORTED = "print(sorted(name.split('.')[2] for name in sys.modules if name.startswith('spec.rules.')))"


def _in_a_new_process(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "STEPPROOF_RULES"}
    command = [sys.executable, "-c", f"import sys; from spec import rules; {code}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_family_is_imported_when_it_is_named() -> None:
    """Lion's file alone is imported for Lion, and none for the book itself."""
    assert _in_a_new_process(IMPORTED) == "[]"
    assert _in_a_new_process(f"rules.build('lion'); {IMPORTED}") == "['lion']"


def test_a_rule_is_built_once() -> None:
    """The same options, the defaults written out or not, give the same rule."""
    chosen = {"decay": "decoupled"}
    assert rules.build("adamw") is rules.build("adam", chosen)
    assert rules.build("adam", {**rules.build("adamw").options}) is rules.build("adamw")
    assert schedules.build("cosine") is schedules.build("cosine", {"after": "periodic"})


def test_the_folder_of_own_rules_is_read_when_a_rule_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule from outside is there while the variable names its folder, and not before or after."""
    assert "signed" not in rules.names()
    monkeypatch.setenv("STEPPROOF_RULES", str(OWN))
    assert "signed" in rules.names()
    assert rules.family("signed").title == "Signed root"
    monkeypatch.delenv("STEPPROOF_RULES")
    assert "signed" not in rules.names()


def test_an_own_rule_that_has_the_name_of_the_books_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the file and the names that are taken; nothing is shadowed in silence."""
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "adam.py").write_text("FAMILY = None\n")
    monkeypatch.setenv("STEPPROOF_RULES", str(tmp_path))
    with pytest.raises(ShadowedRuleError, match=r"adam\.py has the name of a rule of the book.*rename it"):
        rules.names()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("adam", "FAMILY = None\n", "rename it"), ("own", "FAMILY = nothing\n", "defines no FAMILY: NameError")],
)
def test_the_command_line_says_which_own_rule_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    """`stepproof rules` ends with one sentence and status 2, not with a traceback."""
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / f"{name}.py").write_text(text)
    answer = subprocess.run(
        [sys.executable, "-m", "conformance.cli", "rules"],
        env={**os.environ, "STEPPROOF_RULES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("stepproof: ")
    assert said in answer.stderr


def test_an_own_reference_that_has_the_name_of_the_books_is_refused(tmp_path: Path) -> None:
    """The same holds of the folder's references."""
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "adam.py").write_text("def step(*_): ...\n")
    code = "from reference.rules import references; references()"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "STEPPROOF_RULES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ShadowedRuleError" in answer.stderr


@pytest.mark.parametrize("path", [*FILES, OWN / "spec" / "signed.py"], ids=lambda path: path.stem)
def test_a_formula_is_short(path: Path) -> None:
    """A rule or a schedule, with its options, claims and citation, has as many lines as is promised."""
    assert len(path.read_text().splitlines()) <= LONGEST
