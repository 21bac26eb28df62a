"""A guardian is a process that ends the worker, and all that it started, when the judge is gone."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress


def guard(lifeline: int) -> None:
    """The judge holds the other end of the pipe ``lifeline``; nothing here reads from it.

    A thread would wait for the interpreter's lock while native code hangs. A death signal of the
    kernel (PR_SET_PDEATHSIG) would come when the thread of the judge that started the worker ends.
    """
    if not hasattr(os, "fork") or os.getpgrp() != os.getpid():
        return  # a group that others belong to is not ours to end
    watched = [lifeline, *_judge()]
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        for descriptor in watched[1:]:
            os.close(descriptor)
        return
    if os.fork():
        os._exit(0)  # so the guardian is no child that the code under test could wait for
    try:
        _watch(watched)
    finally:
        os._exit(0)


def _judge() -> list[int]:
    """The judge as a file descriptor: its pipe may be held open by processes that it forked."""
    with suppress(OSError, AttributeError):
        return [os.pidfd_open(os.getppid())]
    return []


def _watch(watched: list[int]) -> None:
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    for descriptor in set(range(64)) - set(watched):
        with suppress(OSError):
            os.close(descriptor)
    poll = select.poll()
    poll.register(watched[0], 0)  # that the other end is closed is told without being asked for
    for descriptor in watched[1:]:
        poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.killpg(os.getpgrp(), signal.SIGKILL)
