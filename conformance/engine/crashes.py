"""Exceptions in lines of stepproof: what is kept of one, so that it can be reported."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from conformance.engine.safe_text import safe_text
from conformance.engine.verdict import Cell, CellResult, Crash, Figures, Verdict
from impls.session import SuiteError

LONGEST_TRACEBACK = 10_000


def crash_of(error: Exception, cell: Cell, case: Mapping[str, Any] | None = None) -> Crash:
    """Return what is kept of an exception of ours, in the judge or in the worker, at a case."""
    if isinstance(error, SuiteError):
        fact, told = error.fact, error.printed
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{PurePath(last.filename).name}:{last.lineno} in {last.name}"
        fact, told = f"{type(error).__name__}: {error}, at {place}", "".join(traceback.format_exception(error))
    text = repr((cell, fact, case))
    identifier = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:10]
    return Crash(
        identifier,
        safe_text(fact),
        safe_text(told[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK),
        None if case is None else dict(case),
    )


def result_of(cell: Cell, crash: Crash, figures: Figures | None = None, digest: str = "") -> CellResult:
    """Return the verdict on a cell whose judging broke: what is wrong is stepproof, and where its report lies."""
    reason = f"error of stepproof: {crash.fact}; please report failures/{name_of(crash)}"
    return CellResult(cell, Verdict.OURS, reason, figures or Figures(), digest=digest, crash=crash)


def name_of(crash: Crash) -> str:
    """Return the name of the file that holds all that a report of the error needs."""
    return f"error-{crash.identifier}.json"
