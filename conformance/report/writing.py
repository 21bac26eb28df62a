"""Files of a report appear whole or not at all, and replace nothing that is not a report's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from conformance.report.finding_files import FAILURES
from conformance.report.model import SCHEMA_NAME

REPORT, PAGE, SUMMARY = "report.json", "report.html", "summary.md"
VERDICTS = "verdicts.jsonl"
"""What a run leaves in its output folder."""


class _Head(msgspec.Struct):
    """The key by which a document says what it is."""

    schema: str


def prepare(output: Path, *, overwrite: bool = False, beside: Collection[str] = ()) -> None:
    """Make the folder of a report; raises ``OSError``, before anything is judged, where it cannot be used.

    Nothing is written through a link, and, unless told to ``overwrite``, no file is replaced that stepproof
    did not write.  ``beside`` names further files that will be written.
    """
    if output.is_symlink():
        raise OSError(f"the output `{output}` is a link; give the folder that it leads to")
    if output.exists() and not output.is_dir():
        raise OSError(f"the output `{output}` is a file; give a folder, which need not exist")
    for name in (REPORT, PAGE, SUMMARY, VERDICTS, FAILURES, *beside):
        if (output / name).is_symlink():
            raise OSError(f"`{output / name}` is a link; remove it, or give another output")
    if not overwrite and (foreign := _foreign(output, beside)):
        raise OSError(
            f"`{foreign}` was not written by stepproof and would be replaced; move it, or give another output"
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"the output `{output}` cannot be made: {error.strerror}; give a folder that can be") from None
    if not os.access(output, os.W_OK | os.X_OK):
        raise OSError(f"the output `{output}` cannot be written to; give a folder that can be")


def _foreign(output: Path, beside: Collection[str]) -> Path | None:
    """Return a file in the place of one of a report's which no report of ours accounts for.

    The JSON is written before the page and the summary, so that beside these it is there.
    """
    document = output / REPORT
    if document.exists():
        return None if _is_report(document) else document
    return next((output / name for name in (PAGE, SUMMARY, *beside) if (output / name).exists()), None)


def _is_report(path: Path) -> bool:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Head).schema == SCHEMA_NAME
    except (OSError, msgspec.DecodeError):
        return False


def write_text(path: Path, text: str) -> None:
    """The text replaces the file in one move; what UTF-8 cannot hold is escaped."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """The bytes replace the file in one move, so that no reader ever sees half of it.

    A link in the file's place is replaced, not followed.  Raises ``OSError`` with the path and what to do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        said = f"`{path}` cannot be written: {error.strerror}; make room or give a folder that can be written to"
        raise type(error)(error.errno, said) from None
