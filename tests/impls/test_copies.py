"""A worker is a copy of a process that has the framework, where a new one would be the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from impls.copies import VARIABLE, Copies
from impls.session import Session
from impls.worker import copies as served

NEW_EVERYWHERE = not sys.platform.startswith("linux") or any(Path(driver).exists() for driver in served.DRIVERS)
pytestmark = pytest.mark.skipif(NEW_EVERYWHERE, reason="elsewhere, and beside a device's driver, every worker is new")
DRAWS = """
import random

import numpy
import torch


class Draws(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    def step(self):
        for p in self.param_groups[0]["params"]:
            p.data.fill_(torch.rand(()).item() + numpy.random.rand() + random.random())
"""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Return the environment in which the copies of this module are made."""
    return {"OMP_NUM_THREADS": "1", **os.environ, "COPIES_OF": __name__}


@pytest.fixture(scope="module")
def place(environment: dict[str, str]) -> Iterator[str]:
    """Serve copies; return how they are found."""
    before = os.environ.get(VARIABLE, "")
    started = Copies(sys.executable, environment)
    yield os.environ[VARIABLE]
    started.close()
    assert os.environ.get(VARIABLE, "") == before


@pytest.fixture(autouse=True)
def found(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers be copies."""
    monkeypatch.setenv(VARIABLE, place)


def _started_as(session: Session) -> list[str]:
    number = session.request({"op": "hello"}).header["pid"]
    return Path(f"/proc/{number}/cmdline").read_bytes().decode().rstrip("\0").split("\0")


def test_a_worker_is_a_copy_in_the_same_environment_alone(environment: dict[str, str]) -> None:
    """The process of a copy was started to serve a socket, and that of a new worker for nothing but itself."""
    with Session(environment=environment) as alike, Session(environment={**environment, "ANY": "other"}) as other:
        assert len(_started_as(alike)) == 3
        assert len(_started_as(other)) == 2


def test_a_folder_that_shadows_a_module_gets_a_new_worker(tmp_path: Path, environment: dict[str, str]) -> None:
    """Where a new process would import a module of the user's, a copy that has another one is none."""
    (tmp_path / "fractions.py").write_text("from decimal import Decimal as Fraction\n")
    with Session(environment=environment, directory=tmp_path) as session:
        assert len(_started_as(session)) == 2
    (tmp_path / "fractions.py").rename(tmp_path / "mine.py")
    with Session(environment=environment, directory=tmp_path) as session:
        assert len(_started_as(session)) == 3


def test_copies_draw_other_numbers_than_each_other(tmp_path: Path, environment: dict[str, str]) -> None:
    """What is drawn at random by a step differs from worker to worker, as it does among new ones."""
    (tmp_path / "draws.py").write_text(DRAWS)
    drawn = set()
    for _ in range(3):
        with Session(environment=environment, directory=tmp_path) as session:
            described = session.request(
                {"op": "describe", "target": f"{tmp_path / 'draws.py'}:Draws", "constructor": {}}
            )
            drawn.add(str(described.header["trial"]["steps"][0]["parameter"]))
    assert len(drawn) == 3


def test_a_worker_that_ends_tells_its_status(environment: dict[str, str]) -> None:
    """That a copy was killed, and by what, is known, and the next request starts another."""
    with Session(environment=environment) as session:
        number = session.request({"op": "hello"}).header["pid"]
        session.kill()
        assert session.request({"op": "hello"}).header["pid"] != number


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler])
def test_a_copy_ignores_what_the_process_that_asks_ignores(handler: object, environment: dict[str, str]) -> None:
    """It hears SIGINT as a new process would, whatever the process that is copied does."""
    before = signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    try:
        with Session(environment=environment) as session:
            number = session.request({"op": "hello"}).header["pid"]
            status = Path(f"/proc/{number}/status").read_text()
    finally:
        signal.signal(signal.SIGINT, before)
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    assert bool(ignored >> (signal.SIGINT - 1) & 1) == (handler is signal.SIG_IGN)


def test_what_cannot_be_copied_serves_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the driver of a device, or a second thread, every worker is a new process."""
    ended, tried = threading.Event(), "import sys; from impls.worker import copies; sys.exit(copies.can_copy())"
    assert subprocess.run([sys.executable, "-c", tried], check=False).returncode == 1
    monkeypatch.setattr(served, "DRIVERS", (str(tmp_path),))
    assert not served.can_copy()
    monkeypatch.setattr(served, "DRIVERS", ())
    threading.Thread(target=ended.wait).start()
    assert not served.can_copy()
    ended.set()


def test_a_server_that_is_gone_costs_nothing(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens any more a worker is a new process."""
    mine = {**environment, "COPIES_OF": "nobody"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, "")
        started = Copies(sys.executable, mine)
        named = os.environ[VARIABLE]
        started.close()
    monkeypatch.setenv(VARIABLE, named)
    with Session(environment=mine) as session:
        assert len(_started_as(session)) == 2


def test_a_session_that_begins_leaves_no_process(environment: dict[str, str]) -> None:
    """What a session began for the workers of others ends with it."""
    mine = {**environment, "COPIES_OF": "a session"}
    with Session(environment=mine) as session:
        session.begin()
        copied = session.request({"op": "hello"}).header["pid"]
        assert len(_started_as(session)) == 3
        server = int(Path(f"/proc/{_parent(_parent(copied))}/stat").read_text().split()[0])
    until = time.monotonic() + 10
    while time.monotonic() < until and any(Path(f"/proc/{number}").exists() for number in (copied, server)):
        time.sleep(0.01)
    assert not [number for number in (copied, server) if _lives(number)]


def _parent(number: int) -> int:
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])


def _lives(number: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
