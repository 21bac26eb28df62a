"""Workers start as copies of one process that has imported the framework, where new ones would be the same.

Importing torch takes seconds, and each process that judges has a worker of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Protocol

BOOTSTRAP = Path(__file__).parent / "worker" / "__main__.py"
VARIABLE = "STEPPROOF_COPIES"
"""Names, for each interpreter and environment by their digest, the abstract socket at which copies are asked for."""
OWN = ("STEPPROOF_", "PYTEST_CURRENT_TEST")
"""Variables that nothing reads when a framework is imported; a copy has them as they are when it starts."""
ENDING = (signal.SIGINT, signal.SIGTERM)
"""What a process ignores of these is ignored by what it starts."""
SECONDS = 60.0
"""So long the import of a framework is waited for, before a new process tries."""


class Started(Protocol):
    """A process as `subprocess.Popen` has it, with pipes that are not buffered."""

    pid: int
    returncode: int | None
    stdin: FileIO
    stdout: FileIO
    stderr: FileIO

    def poll(self) -> int | None:
        """The status with which it ended, below zero for a signal, once it has."""

    def wait(self, timeout: float | None = None) -> int:
        """That status within some seconds; raises ``subprocess.TimeoutExpired``."""


class Copies:
    """The process that workers are copied from, until it is closed; where there is one already it is none."""

    def __init__(self, python: str, environment: Mapping[str, str]) -> None:
        self._entry = ""
        self._process: subprocess.Popen[bytes] | None = None
        digest = _digest(python, environment)
        if sys.platform != "linux" or digest in _places():
            return
        name = f"stepproof-{secrets.token_hex(16)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind("\0" + name)
            listening.listen(64)
            number = listening.fileno()
            silent = subprocess.DEVNULL
            self._process = subprocess.Popen(
                [python, str(BOOTSTRAP), str(number)],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=silent,
                stderr=silent,
                pass_fds=[number],
                start_new_session=True,
            )
        self._entry = f"{digest}={name}"
        _name([*_entries(), self._entry])

    def close(self) -> None:
        """End the process; its copies go on."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            _name([entry for entry in _entries() if entry != self._entry])


def start(python: str, directory: Path | None, environment: Mapping[str, str]) -> Started:
    """Return a worker in a copy where there is one to be had, else in a new process."""
    place = _places().get(_digest(python, environment))
    if place is not None:
        with suppress(OSError, struct.error):
            return Copy(place, directory or Path.cwd(), environment)
    pipe = subprocess.PIPE
    return subprocess.Popen(  # type: ignore[return-value]  # bufsize=0
        [python, str(BOOTSTRAP)],
        bufsize=0,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd=directory,
        env=environment,
        start_new_session=True,
    )


class Copy:
    """A worker in a copy; raises ``OSError`` where none is made."""

    def __init__(self, place: str, folder: Path, environment: Mapping[str, str]) -> None:
        pipes = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = pipes
        self.stdin, self.stdout, self.stderr = FileIO(ours_in, "wb"), FileIO(ours_out, "rb"), FileIO(ours_err, "rb")
        theirs = [theirs_in, theirs_out, theirs_err]
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._connection.settimeout(SECONDS)
            self._connection.connect("\0" + place)
            ignored = [int(number) for number in ENDING if signal.getsignal(number) is signal.SIG_IGN]
            request = {"folder": str(folder), "environment": dict(environment), "ignored": ignored}
            socket.send_fds(self._connection, [json.dumps(request).encode()], theirs)
            self.pid = self._begun()
            self._connection.settimeout(None)
        except BaseException:
            self._connection.close()
            for pipe in (self.stdin, self.stdout, self.stderr):
                pipe.close()
            raise
        finally:
            for number in theirs:
                os.close(number)

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
                raise subprocess.TimeoutExpired("a worker", timeout or 0.0)
            with suppress(OSError, struct.error):
                self.returncode = self._received()
            if self.returncode is None:
                self.returncode = -signal.SIGKILL  # what waits for it was killed, and so will it be
        return self.returncode

    def _begun(self) -> int:
        number = self._received()
        if not number:
            raise OSError("a new process would import other modules than a copy has")
        return number

    def _received(self) -> int:
        (number,) = struct.unpack("i", self._connection.recv(4))
        return int(number)


def _entries() -> Sequence[str]:
    return [entry for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]


def _name(entries: Sequence[str]) -> None:
    os.environ.pop(VARIABLE, None)
    if entries:
        os.environ[VARIABLE] = os.pathsep.join(entries)


def _places() -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in _entries() if "=" in entry)


def _digest(python: str, environment: Mapping[str, str]) -> str:
    read = sorted((name, value) for name, value in environment.items() if not name.startswith(OWN))
    return hashlib.sha256(json.dumps([python, read]).encode()).hexdigest()[:32]
