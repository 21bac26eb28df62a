"""The lines of somebody's own file at which a step writes the parameter and the states."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import torch

from .failures import phase
from .place import FOREIGN, PARAMETER, WORKER, Frame
from .state_path import held
from .torch_optimizer import begun, ready_steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

OPTIMIZERS = re.compile(r".*[/\\]torch[/\\]optim[/\\]")
"""The framework's own optimizers, whose lines are told of those that write none themselves."""


class Watch:
    """Sees after each line what is no longer what it was: another object, or a tensor written in place."""

    def __init__(self, read: Callable[[], dict[str, Any]], file_is_seen: Callable[[str], bool]) -> None:
        self.written: dict[str, list[Frame]] = {}
        self._read, self._file_is_seen = read, file_is_seen
        self._marks = self._now()
        self._last: Frame | None = None

    def __call__(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        """A function is followed line by line if its file is one that is asked about."""
        return self._line if self._file_is_seen(frame.f_code.co_filename) else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        self._look()
        caller = frame.f_back
        if event == "line":
            self._last = _frame(frame)
        elif event == "return" and caller is not None and self._file_is_seen(caller.f_code.co_filename):
            self._last = _frame(caller)
        return self._line

    def _now(self) -> dict[str, tuple[Any, int]]:
        return {key: (value, _version(value)) for key, value in self._read().items()}

    def _look(self) -> None:
        marks = self._now()
        for key, (value, version) in marks.items():
            before, old = self._marks.get(key, (None, 0))
            if self._last is not None and before is not None and (value is not before or version != old):
                self.written.setdefault(key, []).append(self._last)
        self._marks = marks


def written_lines(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """For each quantity of the first parameter, the places where the last step of a run writes it, in their order."""
    for seen in (_is_own, lambda file: _is_own(file) or bool(OPTIMIZERS.match(file))):
        lines = _watched(header, buffers, seen)
        if lines:
            break
    return {"lines": {key: [str(frame) for frame in frames] for key, frames in lines.items()}}, []


def _watched(
    header: dict[str, Any], buffers: list[memoryview], file_is_seen: Callable[[str], bool]
) -> dict[str, list[Frame]]:
    queue = iter(buffers)
    slots, running = begun(header, queue)
    first = slots[0].parameter
    optimizer = next(each.optimizer for each in running if any(slot is slots[0] for slot in each.slots))

    def read() -> dict[str, Any]:
        return {PARAMETER: first, **{key: held(optimizer, first, key) for key in header["states"]}}

    last, watch = len(header["steps"]) - 1, Watch(read, file_is_seen)
    for number, steps in enumerate(ready_steps(running, slots, header, queue)):
        before = sys.gettrace()
        if number == last:
            watch = Watch(read, file_is_seen)
            sys.settrace(watch)
        try:
            with phase("step"):
                for make_step in steps:
                    make_step()
        finally:
            sys.settrace(before)
    return watch.written


def _is_own(file: str) -> bool:
    return not FOREIGN.match(file) and not file.startswith(WORKER)


def _frame(frame: FrameType) -> Frame:
    return Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _version(value: Any) -> int:
    """A tensor counts the times that it was written to; made in inference mode it does not."""
    return value._version if isinstance(value, torch.Tensor) and not value.is_inference() else 0  # noqa: SLF001 - its one count of writes
