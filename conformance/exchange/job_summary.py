"""The summary for the page of a job, which a CI system reads from a file that steps add to.

The Markdown is that of ``summary.md``.  A page that is offered more than 1 MiB shows nothing at all, so that what other
steps wrote counts too.
"""

from __future__ import annotations

import os
from pathlib import Path

from conformance.report.model import Report
from conformance.report.summary import render_summary, verdict_lines

MOST_BYTES = 1024 * 1024 - 1024
"""GitHub shows a summary of at most 1 MiB for a step."""


def render(report: Report, room: int = MOST_BYTES) -> str:
    """Return the summary; only its verdict, or nothing, where there is no room for more, in bytes."""
    short = "\n".join([*verdict_lines(report), "*No room is left on this page for more: see summary.md.*", ""])
    return next((text for text in (render_summary(report), short) if _size(text) <= room), "")


def append(path: Path, report: Report) -> bool:
    """The summary stands at the end of the file, after what other steps wrote; returns whether it had room.

    Raises ``OSError`` where the file is a link or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        said = "is a link" if path.is_symlink() else f"cannot be written: {error.strerror}"
        raise OSError(f"the job's summary `{path}` {said}; name another file in GITHUB_STEP_SUMMARY") from None
    with os.fdopen(handle, "ab") as stream:
        taken = os.fstat(handle).st_size
        text = render(report, MOST_BYTES - taken - 2)
        stream.write(("\n\n" if taken and text else "").encode() + text.encode("utf-8", "backslashreplace"))
    return bool(text)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
