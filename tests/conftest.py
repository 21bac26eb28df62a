"""Standalone scripts are run in a process that knows nothing of this project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.engine.script_builder import SHOWN


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it printed."""

    status: int
    said: str
    errors: str


Run = Callable[..., Ended]


@pytest.fixture
def run_script(tmp_path: Path) -> Run:
    """Return what runs a script with an interpreter, that of the tests if none is named."""

    def run(text: str, python: str = sys.executable) -> Ended:
        path = tmp_path / "finding.py"
        path.write_text(text)
        command = [python, "-I", "-W", "ignore", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def shows(run_script: Run) -> Run:
    """Return what runs a script and fails unless it shows its finding: by its status and by the word."""

    def run(text: str, python: str = sys.executable) -> Ended:
        ended = run_script(text, python)
        assert ended.status == SHOWN, ended.said + ended.errors
        assert ended.said.splitlines()[-1].startswith("shown: "), ended.said
        return ended

    return run


@pytest.fixture
def shows_not(run_script: Run) -> Run:
    """Return what runs a script and fails unless it was tried and shows nothing."""

    def run(text: str, python: str = sys.executable) -> Ended:
        ended = run_script(text, python)
        assert ended.status == 0, ended.said + ended.errors
        assert ended.said.splitlines()[-1].startswith("not shown: "), ended.said
        return ended

    return run
