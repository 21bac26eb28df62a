"""Standard output as a run needs it: whoever stops reading, and a disk without room, cost what is printed alone."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, Any, TextIO, cast


class Outlet:
    """A stream to which writing never fails.

    A character that its encoding does not have is escaped.  Once it cannot be written to, as a pipe without a reader,
    whatever comes goes nowhere.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write as much of the text as can be; returns its length."""
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError):  # a stream that is closed says ValueError
            self._let_go()
        return len(text)

    def flush(self) -> None:
        """Flush what was written, if that can be."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._let_go()

    def _let_go(self) -> None:
        """Lead the stream nowhere: what lies in its buffer is flushed when the interpreter ends, too."""
        with suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def outlet(stream: TextIO | None) -> IO[str] | None:
    """Return a stream as an outlet, where there is one."""
    return None if stream is None else cast("IO[str]", Outlet(stream))
