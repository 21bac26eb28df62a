"""A library that a worker can import is judged; one that it cannot is said to be not run, with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conformance.catalogue import installed as installation
from conformance.catalogue.installed import find, probe
from conformance.cli import main
from impls.catalogue.entries import Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.libraries import LIBRARIES, OTHERS
from impls.session import Session
from spec import rules as book

ABSENT = Library("absent", "no_such_library", "no-such-library", ())
PRESENT = Library("hypothesis", "hypothesis", "hypothesis", CATALOGUE[:1])
ROOT = Path(__file__).parents[2]
NOVEL = """
from impls.catalogue.entries import Implementation
from impls.catalogue.torch_paths import MATRIX_PATHS
from impls.libraries.novel_schedules import SCHEDULERS
from impls.catalogue.library import Library

NOVEL = Implementation("novel.Plain", "no_such_library:Plain", "sgd", MATRIX_PATHS, library="novel")
LIBRARY = Library("novel", "no_such_library", "no-such-library", (NOVEL,), SCHEDULERS)
"""
NOVEL_SCHEDULES = """
from impls.catalogue.scheduler_entries import Scheduler

SCHEDULERS = (Scheduler("novel.Steps", "no_such_library:Steps", "step", library="novel"),)
"""


def test_a_library_is_probed_in_the_worker(session: Session) -> None:
    """The version is that of the package, and a missing module is the reason."""
    version, reason = probe(PRESENT, session)
    assert version[0].isdigit()
    assert not reason
    version, reason = probe(ABSENT, session)
    assert not version
    assert "No module named 'no_such_library'" in reason


def test_what_is_not_installed_is_not_run_and_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are judged all the same."""
    monkeypatch.setattr(installation, "LIBRARIES", {"absent": ABSENT, "hypothesis": PRESENT})
    found = find(["torch", "absent", "hypothesis"], None)
    assert found.implementations == (*CATALOGUE, *PRESENT.implementations)
    assert len(found.not_run) == 1
    assert found.not_run[0].startswith("not run: absent: ModuleNotFoundError")
    assert "pip install 'stepproof[absent]'" in found.not_run[0]


def test_a_library_is_its_modules(tmp_path: Path) -> None:
    """Two modules put beside the others make a library that can be named, and is not installed."""
    shutil.copytree(ROOT / "impls", tmp_path / "impls", ignore=shutil.ignore_patterns("__pycache__"))
    libraries = tmp_path / "impls" / "libraries"
    (libraries / "novel.py").write_text(NOVEL)
    (libraries / "novel_schedules.py").write_text(NOVEL_SCHEDULES)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "COLUMNS": "1000"}
    for asked in (["report", "--library", "novel"], ["check", "novel.Steps"]):
        command = [sys.executable, "-m", "conformance.cli", *asked]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "not run: novel: ModuleNotFoundError: No module named 'no_such_library'" in done.stderr
        assert "pip install 'stepproof[novel]'" in done.stderr


def test_every_library_is_an_optional_extra() -> None:
    """Each that others ship has one of its own, and `libraries` brings them all."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    others = [name for name, library in LIBRARIES.items() if not library.source]
    assert extras.keys() >= set(others)
    assert extras["libraries"] == [f"stepproof[{','.join(others)}]"]


def test_an_unknown_library_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest name is offered."""
    assert main(["report", "--library", "optaks"]) == 2
    assert "did you mean optax" in capsys.readouterr().err


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: item.identifier)
def test_every_entry_claims_a_rule_of_the_book(item: Implementation) -> None:
    """Its rule and options exist, and its states, switches and keywords speak of that rule."""
    rule = book.build(item.rule, item.options)
    states, keywords = {s.keyword for s in rule.states}, {h.keyword for h in rule.hyperparameters}
    switched = [book.build(item.rule, {**item.options, **dict([o])}) for o in item.switches.values()]
    states |= {s.keyword for other in switched for s in other.states}
    assert item.states.keys() <= states | {"exp_avg", "exp_avg_sq"}
    assert {*item.fixed, *item.domains} <= keywords
    assert item.library in LIBRARIES
    assert item.identifier.startswith(f"{item.library}.")
