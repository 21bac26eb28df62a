"""Scripts and workers of tests start as copies of an interpreter that has imported torch already."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from conformance.engine.ledger import VARIABLE
from impls import process

ADDRESS = "PRELOADED_INTERPRETER"
"""Names the socket of the interpreter to the processes that judge."""
SERVER = Path(__file__).parent / "preloaded_interpreter.py"
NOT_READ = frozenset({"PYTEST_CURRENT_TEST", VARIABLE})
"""What nothing but pytest, or the judge, reads of an environment."""


class Interpreter:
    """A process that runs programs in copies of itself, from when it is first asked for until it is closed."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder / "socket")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        if self._process is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
                listening.bind(self.place)
                listening.listen(64)
                number = listening.fileno()
                command = [sys.executable, str(SERVER), str(number)]
                self._process = subprocess.Popen(
                    command, env=_read(os.environ), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[number]
                )
        return self.place

    def close(self) -> None:
        """End the process; its copies go on."""
        if self._process is not None:
            self._process.communicate()


class Program:
    """A program in a copy of the interpreter, with the part of `subprocess.Popen` that is needed of one."""

    def __init__(
        self,
        address: str,
        path: Path,
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[int],
        *,
        isolated: bool,
    ) -> None:
        request = {"program": str(path), "folder": str(folder), "environment": dict(environment), "isolated": isolated}
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(address)
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(streams))
        self.pid = self._received()

    def __del__(self) -> None:
        self._connection.close()

    def poll(self) -> int | None:
        """Return the status with which it ended, below zero for a signal, once it has."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return that status within some seconds; raises ``subprocess.TimeoutExpired``."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a program", timeout or 0.0)
            self.returncode = self._received()
        return self.returncode

    def _received(self) -> int:
        (number,) = struct.unpack("i", self._connection.recv(4))
        return int(number)


class Worker(Program):
    """A worker in a copy of the interpreter; its pipes are not buffered."""

    def __init__(self, address: str, folder: Path, environment: Mapping[str, str]) -> None:
        pipes = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = pipes
        self.stdin, self.stdout, self.stderr = FileIO(ours_in, "wb"), FileIO(ours_out, "rb"), FileIO(ours_err, "rb")
        theirs = [theirs_in, theirs_out, theirs_err]
        try:
            super().__init__(address, process.BOOTSTRAP, folder, environment, theirs, isolated=False)
        finally:
            for number in theirs:
                os.close(number)


def serve_workers(address: Callable[[], str]) -> None:
    """Let every worker that this process starts from now on be a copy, where a new one would be the same.

    One of another interpreter, or in another environment than this process has now, is new.
    """
    usual = _read(os.environ)

    def started(command: Sequence[str], *, cwd: Path | None, env: Mapping[str, str], **more: Any) -> Any:
        alike = list(command) == [sys.executable, str(process.BOOTSTRAP)] and _read(env) == usual
        if alike and Path(place := address()).exists():  # in a judge it may be that nobody started it
            return Worker(place, cwd or Path.cwd(), env)
        return subprocess.Popen(command, cwd=cwd, env=env, **more)

    standing_in = SimpleNamespace(Popen=started, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired)
    process.subprocess = standing_in  # type: ignore[attr-defined, assignment]


def start_workers_anew() -> None:
    """Let every worker be a new process again."""
    process.subprocess = subprocess  # type: ignore[attr-defined]


def _read(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker may read of an environment, with what a session adds to it."""
    return {"OMP_NUM_THREADS": "1"} | {name: value for name, value in environment.items() if name not in NOT_READ}
