"""Code under test may raise, print, allocate and replace what it likes: the answer says so in plain words."""

from __future__ import annotations

import os
import pickle
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from impls.session import Session, TargetError, WorkerFailure
from tests.impls.hostile import FILE, GIB, one_step, pid_of


def line_of(function: str, start: str) -> int:
    lines = FILE.read_text().splitlines()
    first = lines.index(start)
    return next(n for n, line in enumerate(lines[first:], first + 1) if function in line)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One worker that may take 1 GiB."""
    with Session(timeout=60, memory=GIB) as started:
        yield started


@pytest.mark.parametrize(
    ("name", "where", "kind", "message"),
    [
        ("RaisesOwn", "step", "Own", "of my own"),
        ("Exits", "step", "SystemExit", "0"),
        ("Interrupts", "step", "KeyboardInterrupt", ""),
        ("ExitsWhenBuilt", "construct", "SystemExit", "no"),
    ],
)
def test_whatever_is_raised_is_reported(session: Session, name: str, where: str, kind: str, message: str) -> None:
    """An exception of any class is the target's error, and the same worker answers the next request."""
    before = pid_of(session)
    with pytest.raises(TargetError) as caught:
        one_step(session, name)
    error = caught.value
    assert (error.where, error.kind, error.message) == (where, kind, message)
    assert pid_of(session) == before


def test_an_experiment_sees_whatever_is_raised(session: Session) -> None:
    """SystemExit in an experiment of the contract is what the experiment saw."""
    header = {
        "op": "contract",
        "target": f"{FILE}:Exits",
        "experiment": "elements.permuted",
        "path": {},
        "settings": {"lr": 0.5},
        "dtype": "float32",
        "device": "cpu",
        "sparse": False,
        "arguments": {"states": [], "kept": [], "whole": False, "counter": None, "size": 6, "steps": 2},
    }
    error = session.request(header).header["error"]
    assert error["message"] == "SystemExit: 0"
    assert error["where"] == "update: sys.exit(0)"


def test_a_broken_message_is_said_to_be_one(session: Session) -> None:
    """An exception whose own text raises is still reported with its type."""
    with pytest.raises(TargetError, match="cannot be read") as caught:
        one_step(session, "Unreadable")
    assert caught.value.kind == "Broken"


def test_the_place_is_the_line_of_the_users_file(session: Session) -> None:
    """An exception names the file, the line and the function that raised it."""
    with pytest.raises(TargetError) as caught:
        one_step(session, "RaisesOwn")
    line = line_of("raise Own", "class RaisesOwn(Plain):")
    assert caught.value.place == f"{FILE}:{line} in update"


def test_the_place_of_a_syntax_error_is_its_line(session: Session, tmp_path: Path) -> None:
    """A file that cannot be parsed is named with the line at which it cannot."""
    path = tmp_path / "broken.py"
    path.write_text("x = 1\nx = = 2\n")
    with pytest.raises(TargetError) as caught:
        session.request({"op": "signature", "target": f"{path}:x"})
    assert caught.value.place == f"{path}:2"


def test_messages_are_text_that_can_be_shown(session: Session) -> None:
    """Lone surrogates, NUL, escape sequences and the bell are written out."""
    with pytest.raises(TargetError) as caught:
        one_step(session, "Escapes")
    assert caught.value.message == r"\udc80\x00 \x1b[31mred\x1b[2J\x07"
    assert str(caught.value).encode()


def test_every_text_of_an_answer_can_be_shown(session: Session) -> None:
    """A default, a group's option and a key of the state are written out as messages are."""
    header = {"op": "describe", "target": f"{FILE}:Unprintable", "constructor": {}}
    described = session.request(header).header
    assert described["signature"][1]["default"] == r"\udc80\x07"
    assert described["trial"]["options"]["name"] == r"\udc80\x07"
    assert next(iter(described["trial"]["steps"][0]["state"])) == r"\x1b[2J"


@pytest.mark.parametrize(("name", "length"), [("Long", "10,000,000"), ("ManyLines", "5,000")])
def test_long_messages_are_cut(session: Session, name: str, length: str) -> None:
    """A long message is cut to a few lines, and its length is said."""
    with pytest.raises(TargetError) as caught:
        one_step(session, name)
    assert len(caught.value.message) < 1100
    assert caught.value.message.count("\n") < 10
    assert f"it has {length} characters" in caught.value.message
    assert len(caught.value.traceback) < 10_000


def test_a_flood_is_dropped_and_counted(session: Session) -> None:
    """A step that prints 40 MB gives its numbers, and of what it printed the end alone is kept."""
    before = session._printed.count
    assert struct.unpack("<2f", one_step(session, "Prints").buffers[0]) == (0, 1)
    assert session._printed.count - before == 40_000_001 + len("\x1b[2J the end\n")
    assert session.printed_tail().endswith("x\n\\x1b[2J the end\n")


def test_replaced_modules_change_nothing(session: Session) -> None:
    """A target that replaces json.dumps, pickle.dumps and struct.pack at import is judged like others."""
    assert struct.unpack("<2f", one_step(session, "Plain").buffers[0]) == (0, 1)
    scheduler = {"target": "torch.optim.lr_scheduler:ConstantLR", "keywords": {}}
    optimizer = {"target": f"{FILE}:Plain", "constructor": {}, "groups": [{"lr": 0.5}], "probe": True}
    header = {"op": "schedule", "optimizer": optimizer, "scheduler": scheduler}
    whole = session.request({**header, "actions": [["run", 8]]}).header["used"]
    for way in ("pickle", "json"):
        actions = [["run", 3], ["save", way], ["run", 5]]
        assert session.request({**header, "actions": actions}).header["used"] == whole


def test_a_forked_copy_answers_nobody(session: Session) -> None:
    """A step that forks gives one answer, and the next request gets its own."""
    for _ in range(3):
        assert struct.unpack("<2f", one_step(session, "Forks").buffers[0]) == (0, 1)
    assert session.request({"op": "hello"}).header["devices"]


@pytest.mark.parametrize("name", ["Hoards", "HoardsTensors"])
def test_memory_without_end_is_said(session: Session, name: str) -> None:
    """A step that allocates without end is told how much was not enough, and a fresh worker goes on."""
    with pytest.raises(TargetError, match="needs more than 1 GiB of memory") as caught:
        one_step(session, name)
    assert caught.value.where == "step"
    assert caught.value.place.endswith("in update")
    assert struct.unpack("<2f", one_step(session, "Plain").buffers[0]) == (0, 1)


@pytest.mark.parametrize(("name", "cause"), [("Sleeps", "timeout"), ("Aborts", "signal")])
def test_a_failure_has_a_place(name: str, cause: str) -> None:
    """A worker that hangs or crashes tells the function of the user's file in which it did."""
    with Session(timeout=5) as session:
        one_step(session, "Plain")
        with pytest.raises(WorkerFailure) as caught:
            one_step(session, name)
    assert caught.value.cause == cause
    assert caught.value.place == f"step of {FILE}"
    assert f"in step of {FILE}" in caught.value.fact


def test_errors_travel_between_processes() -> None:
    """Both kinds of exception are the same after pickling."""
    target = TargetError("step", "ValueError", "no", "trace", "a.py:1 in step")
    failure = WorkerFailure("timeout", "a fact", "an action", "printed", "step of a.py")
    for error in (target, failure):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert str(copy) == str(error)
        assert vars(copy) == vars(error)


def test_ignored_signals_keep_no_worker_alive() -> None:
    """A target that ignores SIGTERM and SIGINT ends with its session, which a terminal cannot interrupt."""
    with Session(timeout=60) as own:
        one_step(own, "Plain")
        worker = pid_of(own)
        assert os.getpgid(worker) == worker != os.getpgrp()
        os.kill(worker, signal.SIGTERM)
        assert pid_of(own) == worker
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
