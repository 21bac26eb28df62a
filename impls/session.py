"""A session is the judge's side of a worker: it asks, waits, and says how a worker ended."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from impls.copies import Copies
from impls.failures import Cause, Deferred, NotAsked, SuiteError, TargetError, WorkerFailure
from impls.process import Printed, Process
from impls.worker import wire
from impls.worker.target import IMPORT_FROM

if TYPE_CHECKING:  # a kit runs it on Python 3.9
    from typing import Self

__all__ = [
    "IMPORT_FROM",
    "Answer",
    "Cause",
    "Deferred",
    "NotAsked",
    "Session",
    "SuiteError",
    "TargetError",
    "WorkerFailure",
    "every",
]

GIB = 1 << 30
MEMORY = 8 * GIB
"""Bytes that a worker may allocate, unless somebody says otherwise."""
LOOK_SECONDS = 0.05

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A worker answers with a header and the buffers that it speaks of."""

    header: dict[str, Any]
    buffers: list[memoryview]


def every(*questions: Callable[[], T]) -> list[T]:
    """Return the answers to several questions; all of them are put before one that is deferred is told."""
    answers, deferred = [], None
    for question in questions:
        try:
            answers.append(question())
        except Deferred as later:
            deferred = later
    if deferred is not None:
        raise deferred
    return answers


class Session:
    """A worker is started at the first request, and anew at the first one after it ended.

    ``timeout`` and ``start_timeout`` are seconds above 0, ``memory`` is what one process may allocate, in bytes, and
    what it and all that it started may hold at once; files that it writes have the same limit.  Raises ``ValueError``
    for anything else.
    """

    live = True
    """Whether whatever is asked is answered now."""

    def __init__(
        self,
        python: str | None = None,
        *,
        timeout: float = 60.0,
        start_timeout: float = 120.0,
        memory: int = MEMORY,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        python = python or sys.executable
        # A path is meant from here, even where the worker's directory is another one.
        self._python = os.path.abspath(python) if os.path.dirname(python) else python  # noqa: PTH100
        self._timeout = _positive("timeout", timeout, "seconds")
        self._start_timeout = _positive("start_timeout", start_timeout, "seconds")
        self._memory = int(_positive("memory", memory, "bytes"))
        self._environment = {**os.environ, **(environment or {})}
        self._environment.setdefault("OMP_NUM_THREADS", "1")
        self._directory = directory
        self._printed = Printed()
        self._process: Process | None = None
        self._beginning: threading.Thread | None = None
        self._copies: Copies | None = None
        self._companion: Session | None = None
        self._remembered: dict[Hashable, object] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """A worker is started beside what the caller does next; the first request waits for it, and tells a failure.

        Until the session is closed other workers of its interpreter, in this process and in those that it starts,
        are copies of one process.
        """
        if self._process is None and self._beginning is None:
            self._copies = Copies(self._python, self._environment)
            self._beginning = threading.Thread(target=self._begun, daemon=True)
            self._beginning.start()

    def _begun(self) -> None:
        with suppress(TargetError, WorkerFailure, SuiteError):
            self._prepared(self._start())

    def _wait_until_begun(self) -> None:
        if self._beginning is not None and self._beginning is not threading.current_thread():
            self._beginning.join()
            self._beginning = None

    @property
    def companion(self) -> Session:
        """A second worker of the same kind, which ends with this one's session."""
        if self._companion is None:
            self._companion = Session(
                self._python,
                timeout=self._timeout,
                start_timeout=self._start_timeout,
                memory=self._memory,
                environment=self._environment,
                directory=self._directory,
            )
        return self._companion

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What is asked of an interpreter once is kept as long as the session is."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        return cast("T", self._remembered[key])

    def printed_tail(self) -> str:
        """The end of what the latest worker printed, in plain text, is kept after its death."""
        return self._printed.tail()

    def kill(self) -> None:
        """The worker is killed from any thread: a request under way ends in a WorkerFailure."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """The workers and all that they started are killed; the session may be used again."""
        if self._copies is not None:
            self._copies.close()
            self._copies = None
        while self._beginning is not None and self._beginning.is_alive():
            self.kill()
            self._beginning.join(LOOK_SECONDS)
        self._beginning = None
        self._end()
        if self._companion is not None:
            self._companion.close()

    def request(self, header: dict[str, Any], buffers: Iterable[wire.Buffer] = ()) -> Answer:
        """One answer comes to one request; a TargetError or a WorkerFailure says why none did."""
        frame = wire.encode(header, buffers)
        self._wait_until_begun()
        process = self._process
        if process is None or not process.alive:
            process = self._start()
        if header.get("op") not in {"hello", "probe"}:
            self._prepared(process)
        return self._ask(process, header, frame, self._timeout)

    def _prepared(self, process: Process) -> None:
        if not process.prepared:
            prepare = {"op": "prepare"}
            self._ask(process, prepare, wire.encode(prepare), self._start_timeout)
            process.prepared = True

    def _start(self) -> Process:
        self._end()
        self._printed.forget()
        header = {"op": "start", "memory": self._memory}
        try:
            process = Process(self._python, self._directory, self._environment, self._printed, self._memory)
            self._process = process
            self._ask(process, header, wire.encode(header), self._start_timeout)
        except OSError as error:
            self._fail_start(f"{error.strerror or error}")
        except TargetError as error:
            self._end()
            self._fail_start(f"{error.kind}: {error.message}")
        except WorkerFailure as failure:
            printed = failure.printed.strip().splitlines()
            last = f", having printed {printed[-1]!r} last" if printed else ""
            self._fail_start(failure.fact + last)
        return process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _fail_start(self, reason: str) -> NoReturn:
        fact = f"no worker started with the interpreter {self._python}: {reason}"
        action = "name a Python of version 3.9 or later that can import torch"
        raise WorkerFailure("start", fact, action, self.printed_tail(), self._python) from None

    def _ask(self, process: Process, header: dict[str, Any], frame: bytes, seconds: float) -> Answer:
        request = _name_of(header)
        try:
            message = process.ask(request, frame, seconds)
            if message.header.get("used_up"):
                self._end()  # what was taken may be held for ever
        except BaseException:
            self._end()  # nothing can go on from a frame cut off in the middle
            raise
        return _checked(message, request)


def _positive(name: str, value: float, unit: str) -> float:
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{name} is {value}; give a number of {unit} above 0")
    return value


def _checked(message: wire.Message, request: str) -> Answer:
    header = message.header
    if header["ok"]:
        return Answer(header, message.buffers)
    if header["where"] != "request":
        raise TargetError(header["where"], header["type"], header["message"], header["traceback"], header["place"])
    if header["used_up"]:
        fact = f"the worker {header['message']} during {request}"
        raise WorkerFailure("memory", fact, "allow it more, or look for what it keeps", place=request)
    fact = f"the worker refused {request}: {header['type']}: {header['message']}"
    raise SuiteError(fact, header["traceback"], request)


def _name_of(header: dict[str, Any]) -> str:
    of_target = f" of {header['target']}" if "target" in header else ""
    return f"`{header.get('op')}`{of_target}"
