"""A worker lives no longer than its judge wants it, or than its judge lives."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from impls.session import Session
from tests.impls.hostile import one_step, pid_of

ROOT = Path(__file__).parents[2]
JUDGE = """
import os, time
from tests.impls.hostile import one_step
from impls.session import Session
session = Session(timeout=600)
session.request({"op": "hello"})
if os.fork() == 0:
    time.sleep(600)
one_step(session, "HangsInNativeCode")
"""


def exists(pid: int) -> bool:
    """A zombie has gone, though nobody has asked for its status."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(path: Path) -> list[int]:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def remaining(pids: list[int], seconds: float = 10.0) -> list[int]:
    """Which processes live, though they had time to end."""
    deadline = time.monotonic() + seconds
    while (living := [pid for pid in pids if exists(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return living


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows which processes live")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_its_judge(tmp_path: Path, number: int) -> None:
    """However the judge goes, a worker that hangs in native code goes, and the child that it forked."""
    pids = tmp_path / "pids"
    judge = subprocess.Popen(
        [sys.executable, "-c", JUDGE],
        cwd=ROOT,
        env={**os.environ, "PIDS": str(pids)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        started = wait_until(pids)
        judge.send_signal(number)
        assert judge.wait() == -number
        assert remaining(started) == []
    finally:
        os.killpg(judge.pid, signal.SIGKILL)  # the copy that holds the pipes still sleeps


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows which processes live")
def test_an_interrupt_ends_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception from a signal's handler leaves the request at once, and its worker is gone."""
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    monkeypatch.setattr("impls.process.LOOK_SECONDS", 600.0)

    def interrupt() -> None:
        wait_until(pids)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with Session(timeout=600) as session:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            one_step(session, "HangsInNativeCode")
        thread.join()
        assert remaining(wait_until(pids)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows which processes live")
def test_a_forgotten_session_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that nobody closed kills its worker in its finalizer, and waits for no process there."""
    session = Session()
    worker = pid_of(session)
    with monkeypatch.context() as patched:
        patched.setattr(subprocess.Popen, "wait", None)
        del session
        gc.collect()
    assert remaining([worker]) == []


def test_a_forked_judge_leaves_the_worker_alone() -> None:
    """A copy of the judge that closes its session does not end the worker of the original."""
    with Session() as session:
        worker = pid_of(session)
        copy = os.fork()
        if not copy:
            session.close()
            os._exit(0)
        os.waitpid(copy, 0)
        assert pid_of(session) == worker


def test_a_session_remembers_until_it_ends() -> None:
    """What is computed for a session is computed once, and another session knows nothing of it."""
    first, second = Session(), Session()
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return len(calls)

    assert [first.remember("key", count) for _ in range(3)] == [1, 1, 1]
    assert second.remember("key", count) == 2


def test_the_second_worker_ends_with_the_first() -> None:
    """A companion is one other worker, and closing the session ends both."""
    with Session() as session:
        pair = [pid_of(session), pid_of(session.companion)]
        assert pid_of(session.companion) == pair[1]
        assert len(set(pair)) == 2
    for worker in pair:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


@pytest.mark.parametrize("value", [0, -5, float("nan")])
@pytest.mark.parametrize("name", ["timeout", "start_timeout", "memory"])
def test_limits_are_above_zero(name: str, value: float) -> None:
    """A limit that is not above zero is refused with its name, its value and its range."""
    with pytest.raises(ValueError, match=f"{name} is {value}; give a number of .* above 0"):
        Session(**{name: value})  # type: ignore[arg-type]
