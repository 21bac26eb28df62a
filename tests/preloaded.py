"""Scripts of tests start as copies of an interpreter that has imported torch already."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SERVER = Path(__file__).parent / "preloaded_interpreter.py"


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
                    command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[number]
                )
        return self.place

    def close(self) -> None:
        """End the process; its copies go on."""
        if self._process is not None:
            self._process.communicate()


class Program:
    """A script in a copy of the interpreter."""

    def __init__(self, address: str, path: Path, streams: Sequence[int]) -> None:
        request = {"program": str(path), "folder": str(path.parent), "environment": dict(os.environ)}
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(address)
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(streams))
        assert self._received(), "the script's folder holds a module that the interpreter has"

    def wait(self) -> int:
        """Return the status with which it ended, below zero for a signal."""
        status = self._received()
        self._connection.close()
        return status

    def _received(self) -> int:
        (number,) = struct.unpack("i", self._connection.recv(4))
        return int(number)
