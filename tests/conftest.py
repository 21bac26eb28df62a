"""Standalone scripts are run in a process that knows nothing of this project, and workers started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from conformance.engine.script_builder import SHOWN
from impls.copies import VARIABLE, Copies
from tests.preloaded import Interpreter, Program


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it printed."""

    status: int
    said: str
    errors: str


Run = Callable[..., Ended]
TORCH = re.compile(r"^(import|from) torch\b", re.MULTILINE)
NEW = frozenset({"impls", "live"})
"""Folders of tests whose workers are always new processes: of what a worker is, and of the catalogue."""


@pytest.fixture(scope="session", autouse=True)
def heard() -> None:
    """Let SIGINT be heard, also where a shell starts the tests in the background and so ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    """Return what scripts of all tests are copies of."""
    started = Interpreter(tmp_path_factory.mktemp("preloaded"))
    yield started
    started.close()


@pytest.fixture(scope="session", autouse=True)
def copies() -> Iterator[str]:
    """Let the workers of all tests, and of the commands that they run, be copies; return how they are found."""
    started = Copies(sys.executable, {"OMP_NUM_THREADS": "1", **os.environ})
    yield os.environ.get(VARIABLE, "")
    started.close()


@pytest.fixture(scope="module", autouse=True)
def workers(request: pytest.FixtureRequest, copies: str) -> Iterator[None]:
    """Let the workers of some modules be new processes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, "" if request.path.parent.name in NEW else copies)
        yield


@pytest.fixture
def run_script(tmp_path: Path, interpreter: Interpreter) -> Run:
    """Return what runs a script as a user does, or in a copy of an interpreter that has imported torch.

    A script that needs no torch, is for another interpreter or asked to be ``fresh`` has a new one.
    """

    def run(text: str, python: str = sys.executable, *, fresh: bool = False) -> Ended:
        path = tmp_path / "finding.py"
        path.write_text(text)
        if python == sys.executable and sys.platform == "linux" and TORCH.search(text) and not fresh:
            return run_copied(interpreter, path)
        command = [python, "-I", "-W", "ignore", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


def run_copied(interpreter: Interpreter, script: Path) -> Ended:
    """Return how a script ends in a copy of the interpreter."""
    with TemporaryFile("w+") as said, TemporaryFile("w+") as errors, Path(os.devnull).open() as nothing:
        streams = [file.fileno() for file in (nothing, said, errors)]
        program = Program(interpreter.address, script, streams)
        status = program.wait()
        printed = [file.seek(0) or file.read() for file in (said, errors)]
    return Ended(status, *printed)


@pytest.fixture
def shows(run_script: Run) -> Run:
    """Return what runs a script and fails unless it shows its finding: by its status and by the word."""

    def run(text: str, python: str = sys.executable, *, fresh: bool = False) -> Ended:
        ended = run_script(text, python, fresh=fresh)
        assert ended.status == SHOWN, ended.said + ended.errors
        assert ended.said.splitlines()[-1].startswith("shown: "), ended.said
        return ended

    return run


@pytest.fixture
def shows_not(run_script: Run) -> Run:
    """Return what runs a script and fails unless it was tried and shows nothing."""

    def run(text: str, python: str = sys.executable, *, fresh: bool = False) -> Ended:
        ended = run_script(text, python, fresh=fresh)
        assert ended.status == 0, ended.said + ended.errors
        assert ended.said.splitlines()[-1].startswith("not shown: "), ended.said
        return ended

    return run
