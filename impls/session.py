"""A session is the judge's side of a worker: it asks, waits, and says how a worker ended."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, cast

from impls.worker import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Cause = Literal["signal", "exit", "timeout", "flood", "start", "protocol"]

BOOTSTRAP = Path(__file__).parent / "worker" / "__main__.py"
FLOOD_LIMIT = 16 * 1024 * 1024
TAIL_BYTES = 16 * 1024
DRAIN_BYTES = 64 * 1024
# A child of the worker may hold its pipes open, so the end of a pipe alone shows no death.
LOOK_SECONDS = 0.25
LOOK_SECONDS_WHEN_CLOSED = 0.01
END_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """A worker answers with a header and the buffers that it speaks of."""

    header: dict[str, Any]
    buffers: list[memoryview]


class TargetError(Exception):
    """The code under test raised an exception, and its worker lives on."""

    def __init__(self, where: str, kind: str, message: str, traceback: str) -> None:
        super().__init__(f"{kind} during `{where}`: {message}")
        self.where = where
        self.kind = kind
        self.message = message
        self.traceback = traceback


class WorkerFailure(Exception):
    """A worker gave no answer: what happened is a fact, what to do next an action."""

    def __init__(self, cause: Cause, fact: str, action: str, printed: str = "") -> None:
        self.cause: Cause = cause
        self.fact = fact
        self.sentence = f"{fact}; {action}"
        self.printed = printed
        super().__init__(self.sentence)


class Session:
    """A worker is started at the first request, and anew at the first one after a failure."""

    def __init__(
        self,
        python: str | None = None,
        *,
        timeout: float = 60.0,
        start_timeout: float = 120.0,
        flood_limit: int = FLOOD_LIMIT,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        python = python or sys.executable
        # A path is meant from here, even where the worker's directory is another one.
        self._python = os.path.abspath(python) if os.path.dirname(python) else python  # noqa: PTH100
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._flood_limit = flood_limit
        self._environment = {**os.environ, **(environment or {})}
        self._environment.setdefault("OMP_NUM_THREADS", "1")
        self._directory = directory
        self._printed = _Printed()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Session] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def another(self) -> Session:
        """A second worker of the same kind starts at its own first request."""
        return Session(
            self._python,
            timeout=self._timeout,
            start_timeout=self._start_timeout,
            flood_limit=self._flood_limit,
            environment=self._environment,
            directory=self._directory,
        )

    @property
    def printed_bytes(self) -> int:
        """The output of all workers of this session is counted together."""
        return self._printed.count

    def printed_tail(self) -> str:
        """The end of what the latest worker printed is kept after its death."""
        return self._printed.tail()

    def close(self) -> None:
        """The worker and all that it started are killed; the session may be used again."""
        if self._end is not None:
            self._end()
        self._end = self._process = None

    def request(self, header: dict[str, Any], buffers: Iterable[wire.Buffer] = ()) -> Answer:
        """One answer comes to one request; a TargetError or a WorkerFailure says why none did."""
        frame = wire.encode(header, buffers)
        process = self._process
        if process is None or process.poll() is not None:
            process = self._start()
        return self._ask(process, header, frame, self._timeout)

    def _start(self) -> subprocess.Popen[bytes]:
        self.close()
        self._printed.forget()
        header = {"op": "hello"}
        try:
            process = self._spawn()
            self._ask(process, header, wire.encode(header), self._start_timeout)
        except OSError as error:
            self._fail_start(f"{error.strerror or error}")
        except TargetError as error:
            self.close()
            self._fail_start(f"{error.kind}: {error.message}")
        except WorkerFailure as failure:
            printed = failure.printed.strip().splitlines()
            last = f", having printed {printed[-1]!r} last" if printed else ""
            self._fail_start(failure.fact + last)
        return process

    def _spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [self._python, str(BOOTSTRAP)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._directory,
            env=self._environment,
            start_new_session=True,
        )
        self._process = process
        self._end = weakref.finalize(self, _end_group, process)
        for pipe in _pipes(process):
            os.set_blocking(pipe.fileno(), False)
        return process

    def _fail_start(self, reason: str) -> NoReturn:
        fact = f"no worker started with the interpreter {self._python}: {reason}"
        action = "name a Python of version 3.9 or later that can import torch"
        raise WorkerFailure("start", fact, action, self.printed_tail()) from None

    def _ask(
        self,
        process: subprocess.Popen[bytes],
        header: dict[str, Any],
        frame: bytes,
        seconds: float,
    ) -> Answer:
        request = _name_of(header)
        exchange = _Exchange(process, request, self._printed, self._flood_limit)
        try:
            message = exchange.answer(frame, seconds)
        except BaseException:
            self.close()  # nothing can go on from a frame cut off in the middle
            raise
        return _checked(message, request)


class _Printed:
    """What a worker prints is counted whole, and its end is kept."""

    def __init__(self) -> None:
        self.count = 0
        self._tail = bytearray()

    def add(self, data: memoryview) -> None:
        self.count += len(data)
        self._tail += data
        del self._tail[:-TAIL_BYTES]

    def forget(self) -> None:
        self._tail.clear()

    def tail(self) -> str:
        return self._tail.decode(errors="replace")


class _Exchange:
    """One frame goes to the worker and one comes back, while what it prints is drained."""

    def __init__(self, process: subprocess.Popen[bytes], request: str, printed: _Printed, limit: int) -> None:
        self._process = process
        self._request = request
        self._printed = printed
        self._limit = limit
        self._allowed = printed.count + limit
        self._scratch = memoryview(bytearray(DRAIN_BYTES))
        self._receiver = wire.Receiver()
        self._rest = memoryview(b"")
        self._closed_at: float | None = None
        self._selector = selectors.DefaultSelector()

    def answer(self, frame: bytes, seconds: float) -> wire.Message:
        """All three pipes move together, so neither side can wait for the other for ever."""
        self._rest = memoryview(frame)
        deadline = time.monotonic() + seconds
        incoming, outgoing, printed = _pipes(self._process)
        with self._selector:
            self._selector.register(incoming, selectors.EVENT_WRITE, self._write)
            self._selector.register(outgoing, selectors.EVENT_READ, self._read)
            self._selector.register(printed, selectors.EVENT_READ, self._drain)
            while self._receiver.message is None:
                if time.monotonic() > deadline:
                    raise self._late(seconds)
                self._move(deadline)
            self._drain(printed)  # the worker flushed what it printed before it answered
        return self._receiver.message

    def _move(self, deadline: float) -> None:
        """Whatever a dead worker left in its pipes is read before its death is reported."""
        dead = self._process.poll() is not None
        look = LOOK_SECONDS if self._closed_at is None else LOOK_SECONDS_WHEN_CLOSED
        wait = 0 if dead else min(look, max(0.0, deadline - time.monotonic()))
        for key, _ in self._selector.select(wait):
            key.data(key.fileobj)
        if dead and self._receiver.message is None:
            raise self._ended(self._process.returncode)
        if self._closed_at is not None and time.monotonic() > self._closed_at + END_SECONDS:
            raise self._garbled("it closed its pipe and lived on")

    def _write(self, pipe: FileIO) -> None:
        try:
            written = pipe.write(self._rest) or 0
        except BrokenPipeError:  # the worker is dying, and its status will say why
            written = len(self._rest)
        self._rest = self._rest[written:]
        if not self._rest:
            self._unwatch(pipe)

    def _read(self, pipe: FileIO) -> None:
        while self._receiver.message is None:
            count = pipe.readinto(self._receiver.space)
            if count is None:
                return
            if count == 0:
                self._closed_at = time.monotonic()
                self._unwatch(pipe)
                return
            try:
                self._receiver.advance(count)
            except (wire.WireError, ValueError, TypeError) as error:
                raise self._garbled(str(error)) from None

    def _drain(self, pipe: FileIO) -> None:
        while True:
            count = pipe.readinto(self._scratch)
            if count is None:
                return
            if count == 0:
                self._unwatch(pipe)
                return
            self._printed.add(self._scratch[:count])
            if self._printed.count > self._allowed:
                raise self._flooded()

    def _unwatch(self, pipe: FileIO) -> None:
        if pipe in self._selector.get_map():
            self._selector.unregister(pipe)

    def _ended(self, status: int) -> WorkerFailure:
        cause: Cause = "signal" if status < 0 else "exit"
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        return self._failure(cause, how, "read what it printed last, and look for the cause there")

    def _late(self, seconds: float) -> WorkerFailure:
        action = "allow it more time, or look for an endless loop in the code under test"
        return self._failure("timeout", f"gave no answer within {seconds:g} s", action)

    def _flooded(self) -> WorkerFailure:
        action = "silence the code under test, or allow it to print more"
        return self._failure("flood", f"printed more than {self._limit} bytes", action)

    def _garbled(self, reason: str) -> WorkerFailure:
        action = "look for code under test that writes to or closes files it did not open"
        return self._failure("protocol", f"broke off the protocol ({reason})", action)

    def _failure(self, cause: Cause, how: str, action: str) -> WorkerFailure:
        fact = f"the worker {how} during {self._request}"
        return WorkerFailure(cause, fact, action, self._printed.tail())


def _checked(message: wire.Message, request: str) -> Answer:
    header = message.header
    if header["ok"]:
        return Answer(header, message.buffers)
    if header["where"] == "request":
        fact = f"the worker refused {request}: {header['type']}: {header['message']}"
        raise WorkerFailure("protocol", fact, "correct the request", header["traceback"])
    raise TargetError(header["where"], header["type"], header["message"], header["traceback"])


def _name_of(header: dict[str, Any]) -> str:
    of_target = f" of {header['target']}" if "target" in header else ""
    return f"`{header.get('op')}`{of_target}"


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return f"{signal.Signals(number).name} (signal {number})"
    return f"signal {number}"


def _pipes(process: subprocess.Popen[bytes]) -> tuple[FileIO, FileIO, FileIO]:
    pipes = (process.stdin, process.stdout, process.stderr)
    incoming, outgoing, printed = (cast("FileIO", pipe) for pipe in pipes)  # bufsize=0
    return incoming, outgoing, printed


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """The worker leads a process group of its own, so all that it started goes with it."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    for pipe in _pipes(process):
        pipe.close()
