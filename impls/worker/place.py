"""A place is the line of somebody's own file at which something happened."""

from __future__ import annotations

import re
from os.path import dirname, realpath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

WORKER = dirname(realpath(__file__))
# Below these lies what the author of an optimizer cannot change: the interpreter and the framework.
FOREIGN = re.compile(
    r"<"
    r"|.*[/\\]python3\.\d+[/\\](?!(?:site|dist)-packages[/\\])"
    r"|.*[/\\](?:site|dist)-packages[/\\](?:torch|jax|jaxlib|numpy)[/\\]"
)
PARAMETER = "parameter"
"""Stands for the parameter where the places are told at which a step writes it and its states."""
DUMPED = re.compile(r"(?:Current thread [^\n]*|Stack )\(most recent call first\):\n((?:  File [^\n]*\n)+)")
DUMPED_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')


class Frame(NamedTuple):
    """One call on the stack."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def own(frames: Iterable[Frame]) -> list[Frame]:
    """The frames of the code under test, or of the framework where it has none; the worker's never."""
    others = [frame for frame in frames if not frame.file.startswith(WORKER)]
    return [frame for frame in others if not FOREIGN.match(frame.file)] or others


def is_whole(printed: str) -> bool:
    """Tell whether the stack that was printed last reaches the worker's first call."""
    return [frame.function for frame in dumped(printed)[:1]] == ["<module>"]


def dumped(printed: str) -> list[Frame]:
    """The stack, outermost call first, that faulthandler printed last."""
    dumps = DUMPED.findall(printed)
    found = DUMPED_FRAME.findall(dumps[-1]) if dumps else []
    return [Frame(file, int(line), function) for file, line, function in reversed(found)]
