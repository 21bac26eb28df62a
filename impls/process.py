"""A worker as a process: a frame goes to it and one comes back, until it is ended."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import subprocess
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from impls.copies import Started, start
from impls.failures import Cause, WorkerFailure
from impls.usage import Usage
from impls.worker import place, wire
from impls.worker.text import plain

if TYPE_CHECKING:  # a kit runs it on Python 3.9
    from typing import Self

TAIL_BYTES = 16 * 1024
PIECE_BYTES = 64 * 1024
PIPE_BYTES = 1 << 20
PIECES = 16
"""So much of what is printed is read before anything else gets its turn."""
# A child of the worker may hold its pipes open, so the end of a pipe alone shows no death.
LOOK_SECONDS = 0.25
CLOSED_SECONDS = 1.0
DUMP_SECONDS = 0.5
END_SECONDS = 5.0
SEEN = frozenset({"timeout", "signal", "memory", "processes"})
"""The causes at which the stack of the worker was seen."""
_ENDED: list[Started] = []
"""Killed processes whose status nobody has fetched yet."""


class Printed:
    """What workers print is counted whole, and the end of it is kept."""

    def __init__(self) -> None:
        self.count = 0
        self._tail = bytearray()

    def add(self, data: memoryview) -> None:
        """More was printed."""
        self.count += len(data)
        self._tail += data
        del self._tail[:-TAIL_BYTES]

    def forget(self) -> None:
        """Another worker has printed nothing yet."""
        self._tail.clear()

    def tail(self) -> str:
        """The end, in plain text."""
        return plain(self._tail.decode(errors="backslashreplace"))


class Process:
    """A worker leads a process group of its own, so all that it starts ends with it.

    A process that leaves the group, as a daemon does, is not reached.  ``memory`` is what all of it may hold, and
    what one answer may have, in bytes.
    """

    def __init__(
        self, python: str, directory: Path | None, environment: Mapping[str, str], printed: Printed, memory: int
    ) -> None:
        _ENDED[:] = [ended for ended in _ENDED if ended.poll() is None]
        self._printed = printed
        self._process = start(python, directory, environment)
        self.prepared = False
        self._killed = False
        self._memory = memory
        self._usage = Usage(self._process.pid, memory)
        self._owner = os.getpid()
        self._abandon = weakref.finalize(self, _abandon, self._process, self._owner)
        for pipe in _pipes(self._process):
            os.set_blocking(pipe.fileno(), False)
            _widen(pipe)

    @property
    def alive(self) -> bool:
        """The worker runs, and belongs to this process: not to the one that this was forked from."""
        return self._owner == os.getpid() and not self._killed and self._process.poll() is None

    def kill(self) -> None:
        """All of the worker's group is killed; a request that another thread waits for fails."""
        self._killed = True
        _kill(self._process, self._owner)

    def end(self) -> None:
        """All of the worker's group is killed, and the worker has gone."""
        self.kill()
        if self._owner == os.getpid():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self._abandon()

    def ask(self, request: str, frame: bytes, seconds: float) -> wire.Message:
        """One frame goes out and one comes back, or a WorkerFailure says why none did."""
        deadline = time.monotonic() + seconds
        with _Exchange(self._process, self._printed, frame, self._memory) as exchange:
            try:
                while exchange.answer is None:
                    if time.monotonic() > deadline:
                        self._ask_where(exchange)
                        raise self._late(request, seconds)
                    if (excess := self._usage.excess()) is not None:
                        self._ask_where(exchange)
                        raise self._failure(excess.cause, excess.how, request, excess.action)
                    dead = self._process.poll() is not None
                    exchange.move(0 if dead else min(LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
                    if dead and exchange.answer is None:
                        raise self._ended(request)
                exchange.drain()  # the worker flushed what it printed before it answered
            except (wire.WireError, ValueError, TypeError) as error:
                raise self._garbled(request, str(error)) from None
        return exchange.answer

    def _ask_where(self, exchange: _Exchange) -> None:
        """A worker that hangs prints its stack when it is sent this signal."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGUSR1)
        until = time.monotonic() + DUMP_SECONDS
        while not place.is_whole(self._printed.tail()) and time.monotonic() < until:
            exchange.move(DUMP_SECONDS / 20)

    def _ended(self, request: str) -> WorkerFailure:
        status = self._process.returncode or 0
        cause: Cause = "signal" if status < 0 else "exit"
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        return self._failure(cause, how, request, "read what it printed last, and look for the cause there")

    def _late(self, request: str, seconds: float) -> WorkerFailure:
        action = "allow it more time, or look for an endless loop in the code under test"
        return self._failure("timeout", f"gave no answer within {seconds:g} s", request, action)

    def _garbled(self, request: str, reason: str) -> WorkerFailure:
        action = "look for code under test that writes to or closes files it did not open"
        return self._failure("protocol", f"broke off the protocol ({plain(reason)})", request, action)

    def _failure(self, cause: Cause, how: str, request: str, action: str) -> WorkerFailure:
        printed = self._printed.tail()
        frames = place.own(place.dumped(printed)) if cause in SEEN else []
        inside = f"{frames[0].function} of {frames[0].file}" if frames else ""
        fact = f"the worker {how} during {request}" + (f", in {inside}" if inside else "")
        return WorkerFailure(cause, fact, action, printed, inside or request)


class _Exchange:
    """All three pipes move together, so neither side can wait for the other for ever."""

    def __init__(self, process: Started, printed: Printed, frame: bytes, largest: int) -> None:
        self._process = process
        self._printed = printed
        self._rest = memoryview(frame)
        self._receiver = wire.Receiver(largest)
        self._scratch = memoryview(bytearray(PIECE_BYTES))
        incoming, self._outgoing, self._stderr = _pipes(process)
        self._selector = selectors.DefaultSelector()
        self._selector.register(incoming, selectors.EVENT_WRITE, self._write)
        self._selector.register(self._outgoing, selectors.EVENT_READ, self._read)
        self._selector.register(self._stderr, selectors.EVENT_READ, self.drain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    @property
    def answer(self) -> wire.Message | None:
        """The frame that came back, once it is whole."""
        return self._receiver.message

    def move(self, seconds: float) -> None:
        """What can be written or read within some seconds is."""
        for key, _ in self._selector.select(seconds):
            key.data()

    def drain(self) -> None:
        """What was printed is read and dropped, but not without end: the worker may print for ever."""
        for _ in range(PIECES):
            count = self._stderr.readinto(self._scratch)
            if count is None:
                return
            if count == 0:
                self._unwatch(self._stderr)
                return
            self._printed.add(self._scratch[:count])

    def _write(self) -> None:
        incoming = _pipes(self._process)[0]
        try:
            written = incoming.write(self._rest) or 0
        except BrokenPipeError:  # the worker is dying, and its status will say why
            written = len(self._rest)
        self._rest = self._rest[written:]
        if not self._rest:
            self._unwatch(incoming)

    def _read(self) -> None:
        while self._receiver.message is None:
            count = self._outgoing.readinto(self._receiver.space)
            if count is None:
                return
            if count == 0:
                self._unwatch(self._outgoing)
                self._expect_death()
                return
            self._receiver.advance(count)

    def _expect_death(self) -> None:
        try:
            self._process.wait(CLOSED_SECONDS)
        except subprocess.TimeoutExpired:
            raise wire.WireError("it closed its pipe and lived on") from None

    def _unwatch(self, pipe: FileIO) -> None:
        if pipe in self._selector.get_map():
            self._selector.unregister(pipe)


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return f"{signal.Signals(number).name} (signal {number})"
    return f"signal {number}"


def _pipes(process: Started) -> tuple[FileIO, FileIO, FileIO]:
    return process.stdin, process.stdout, process.stderr


def _widen(pipe: FileIO) -> None:
    """A pipe that holds a whole frame wakes either side once, where the system allows it."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _kill(process: Started, owner: int) -> None:
    """A copy of the judge, forked while the worker ran, leaves it alone."""
    if owner == os.getpid():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _abandon(process: Started, owner: int) -> None:
    """Nothing here waits: an interrupt in a finalizer would be lost."""
    _kill(process, owner)
    for pipe in _pipes(process):
        pipe.close()
    _ENDED.append(process)
