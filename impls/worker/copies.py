"""One process imports the framework; each worker that it is asked for starts as a copy of it.

It listens at a socket of the judge: a request is JSON of the folder and the environment of a worker, with the
descriptors of its streams.  Answers are the number of the worker's process and, when it has ended, its status,
below zero for a signal.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .target import IMPORT_FROM

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAMS = 3
MOST = 1 << 18
"""Bytes of a request."""
DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri")
"""Where one of these is, every worker is a process of its own: a driver need not survive that its process is copied."""
WORK = ("surroundings", "signature", "torch_description", "torch_optimizer", "torch_tries", "contract.serve")
"""What nearly every worker imports."""


def become_worker(number: int) -> None:
    """Serve the socket with this descriptor; returns in each copy that is to be a worker.

    What cannot be copied, or imports nothing, ends: its workers are new processes, and tell why.
    """
    listening = socket.socket(fileno=number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    if not can_copy():
        os._exit(1)
    try:
        imported()
    except BaseException:  # noqa: BLE001 - a library may fail to load in any way
        os._exit(1)
    if not can_copy():  # what was imported may have started threads
        os._exit(1)
    request = served(listening)
    os.setsid()
    for ending, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        signal.signal(ending, signal.SIG_IGN if ending in request["ignored"] else usual)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for name in ("torch", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()  # copies draw other numbers than each other


def imported() -> None:
    """Import the framework as far as one step does, and what nearly every worker needs of ours."""
    from .objects import set_aside

    if find_spec("torch") is not None:
        from .torch_platform import prepare

        prepare()
        for name in WORK:
            import_module("." + name, __package__)
    set_aside()


def can_copy() -> bool:
    """Whether copies are as good as new processes: one thread runs, and no driver of a device is there."""
    with suppress(OSError):
        threads = list(Path("/proc/self/task").iterdir())
        return len(threads) == 1 and not any(Path(driver).exists() for driver in DRIVERS)
    return False


def served(listening: socket.socket) -> dict[str, Any]:
    """Return a request in the process that is to do it; the server ends with its input."""
    while True:
        ready, _, _ = select.select([0, listening.fileno()], [], [])
        if 0 in ready:
            os._exit(0)
        connection, _ = listening.accept()
        data, streams, _, _ = socket.recv_fds(connection, MOST, STREAMS)
        if not os.fork():
            listening.close()
            request: dict[str, Any] = json.loads(data)
            if _is_copy(connection, streams, request):
                return request
        connection.close()
        for stream in streams:
            os.close(stream)


def _is_copy(connection: socket.socket, streams: list[int], request: dict[str, Any]) -> bool:
    """Return in the process that is to do the request; that which waits for it tells how it ended, and ends too."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asking, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if user != os.getuid() or len(streams) != STREAMS or shadowed(request["folder"], request["environment"]):
        connection.send(struct.pack("i", 0))
        os._exit(0)
    child = os.fork()
    if not child:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(STREAMS, 1024)
        return True
    os.closerange(0, STREAMS)
    for stream in streams:
        os.close(stream)
    with suppress(OSError):  # nobody may be there any more who wants to know
        connection.send(struct.pack("i", child))
    with suppress(OSError):
        _wait(child, asking)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.send(struct.pack("i", status))
    os._exit(0)


def shadowed(folder: str, environment: Mapping[str, str]) -> bool:
    """Whether a new process would import anything from the folders of the user that is imported already."""
    given = environment.get(IMPORT_FROM, "").split(os.pathsep)
    loaded = {name for name in sys.modules if "." not in name}
    for place in (folder, *filter(None, given)):
        with suppress(OSError):
            found = {item.name.partition(".")[0] for item in Path(place).iterdir()} & loaded
            if any(not _comes_from(place, sys.modules[name]) for name in found):
                return True
    return False


def _comes_from(folder: str, module: object) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(folder).resolve() in Path(file).resolve().parents


def _wait(child: int, asking: int) -> None:
    """Wait until a process has ended; it is killed, with its group, when the one that asked for it is gone."""
    ends = [os.pidfd_open(number) for number in (child, asking)]
    poll = select.poll()
    for end in ends:
        poll.register(end, select.POLLIN)
    if ends[0] not in dict(poll.poll()):
        os.killpg(child, signal.SIGKILL)
