"""How a request ends without an answer: the code under test raised, or its worker failed."""

from __future__ import annotations

from typing import Literal

Cause = Literal["signal", "exit", "timeout", "memory", "processes", "start", "protocol"]
REFUSALS = frozenset({"AssertionError", "NotImplementedError", "TypeError", "ValueError"})
"""The exceptions by which a constructor says that it does not take what it is given."""


class TargetError(Exception):
    """The code under test raised an exception, and its worker lives on.

    All texts are plain and short: they can be written to a terminal, a page and a file as they are.
    ``where`` is the phase, ``kind`` the exception's type, and ``place`` the innermost line of the
    user's own code as ``file:line in function``, empty where none is known.
    """

    def __init__(self, where: str, kind: str, message: str, traceback: str = "", place: str = "") -> None:
        super().__init__(where, kind, message, traceback, place)
        self.where = where
        self.kind = kind
        self.message = message
        self.traceback = traceback
        self.place = place

    @property
    def is_refusal(self) -> bool:
        """Whether a constructor says that it does not take what it was given."""
        return self.where == "construct" and self.kind in REFUSALS

    def __str__(self) -> str:
        return f"{self.kind} during `{self.where}`: {self.message}"


class WorkerFailure(Exception):
    """A worker gave no answer: what happened is a fact, what to do next an action.

    ``place`` is the same for failures at the same place: the outermost function of the user's own
    code, where the worker's stack was seen, or else the operation and its target.
    """

    def __init__(self, cause: Cause, fact: str, action: str, printed: str = "", place: str = "") -> None:
        super().__init__(cause, fact, action, printed, place)
        self.cause: Cause = cause
        self.fact = fact
        self.sentence = f"{fact}; {action}"
        self.printed = printed
        self.place = place

    def __str__(self) -> str:
        return self.sentence


class NotAsked(Exception):
    """A question that nobody has put to the code under test yet: no answer came, and none is to be expected now."""


class Deferred(NotAsked):
    """A question that was noted, to be put to the code elsewhere and later."""


class SuiteError(WorkerFailure):
    """A line of stepproof raised, in the worker: the code under test has no part in it.

    ``printed`` holds the traceback.
    """

    def __init__(self, fact: str, traceback: str, place: str) -> None:
        super().__init__("protocol", fact, "please report it", traceback, place)
