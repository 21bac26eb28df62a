"""What code under test takes without end has a limit, and whoever judges it lives on."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from impls.session import Session, TargetError, WorkerFailure
from impls.usage import Usage
from impls.worker import wire
from tests.impls.hostile import GIB, one_step, pid_of

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows what processes hold")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a worker writes."""
    return tmp_path_factory.mktemp("written") / "file"


@pytest.fixture(scope="module")
def session(written: Path) -> Iterator[Session]:
    """One worker that may take 1 GiB."""
    with Session(timeout=60, memory=GIB, environment={"WRITTEN": str(written)}) as started:
        yield started


def lives_on(session: Session) -> bool:
    """Tell whether another step of the session gives its numbers."""
    return struct.unpack("<2f", one_step(session, "Plain").buffers[0]) == (0, 1)


@LINUX
@pytest.mark.parametrize(
    ("name", "cause", "said"),
    [
        ("HoardsShared", "memory", "held more than 2 GiB of memory"),
        ("ForksForEver", "processes", "processes, of which 256 may live"),
    ],
)
def test_what_a_group_takes_without_end_is_said(session: Session, name: str, cause: str, said: str) -> None:
    """Memory that is shared, and processes that are started, are seen from outside, with the place of the step."""
    with pytest.raises(WorkerFailure, match=said) as caught:
        one_step(session, name)
    assert caught.value.cause == cause
    assert "in step of" in caught.value.fact
    assert lives_on(session)


def test_files_without_end_are_said(session: Session) -> None:
    """A step that opens files without end is told at how many, and a worker with none of them goes on."""
    before = pid_of(session)
    with pytest.raises(TargetError, match=r"opens more than [\d,]+ files: .*Too many open files") as caught:
        one_step(session, "OpensForEver")
    assert caught.value.place.endswith("in update")
    assert lives_on(session)
    assert pid_of(session) != before


def test_a_file_without_end_is_said(session: Session, written: Path) -> None:
    """A file of the code under test grows no larger than its memory may, and the same worker goes on."""
    before = pid_of(session)
    with pytest.raises(TargetError, match="File too large"):
        one_step(session, "WritesForEver")
    assert written.stat().st_size == GIB
    assert lives_on(session)
    assert pid_of(session) == before


def test_printing_without_end_costs_the_time_of_a_step() -> None:
    """The flood is read and dropped until the step's time is over."""
    with Session(timeout=2) as own:
        one_step(own, "Plain")
        with pytest.raises(WorkerFailure, match="gave no answer within 2 s") as caught:
            one_step(own, "PrintsForEver")
    assert 0 < len(caught.value.printed) < 100_000


def test_an_answer_is_no_larger_than_the_memory() -> None:
    """A frame that says that it is larger is refused before anything is kept of it."""
    receiver = wire.Receiver(1000)
    frame = wire.encode({}, [bytes(1001)])
    receiver.space[:] = frame[: len(receiver.space)]
    with pytest.raises(wire.WireError, match=r"1,001 bytes came, of which 1,000 may"):
        receiver.advance(len(receiver.space))


@LINUX
def test_a_usual_worker_holds_little(session: Session) -> None:
    """Nothing is too much of a worker that did one step, and of a group that is gone."""
    one_step(session, "Plain")
    for group in (pid_of(session), 2**30):
        usage = Usage(group, GIB)
        usage._next = 0.0
        assert usage.excess() is None


def test_threads_that_print_for_ever_cost_nothing(session: Session) -> None:
    """Their numbers come, then and later."""
    assert struct.unpack("<2f", one_step(session, "PrintsWhenever").buffers[0]) == (0, 1)
    assert lives_on(session)
