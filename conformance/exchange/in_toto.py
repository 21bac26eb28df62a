"""An in-toto statement with the predicate test-result v0.1: which files were judged, how, and what came of it.

It is not signed: whoever runs the judge signs it with his own means.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from conformance.exchange.checks import CheckStanding, checks
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import environment, line
from conformance.report.document import json_text
from conformance.report.model import Outcome, Report
from conformance.report.writing import REPORT

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def render(report: Report, occasion: Occasion) -> str:
    """Return the statement; its subjects are the judged files, or the report where none is known."""
    digest = {"sha256": hashlib.sha256(json_text(report).encode("utf-8", "backslashreplace")).hexdigest()}
    written = {"name": REPORT, "digest": digest}
    files = {source.path: source.sha256 for source in occasion.sources.values()}
    subjects = [{"name": line(path, 1000), "digest": {"sha256": known}} for path, known in sorted(files.items())]
    by_standing: dict[CheckStanding, list[str]] = {standing: [] for standing in CheckStanding}
    for check in checks(report, occasion):
        by_standing[check.standing].append(" ".join((*check.suite, check.name)))
    predicate = {
        "result": _result(report, by_standing),
        "configuration": [_configuration(report), {**written, "mediaType": "application/json"}],
        "passedTests": by_standing[CheckStanding.PASSED],
        "warnedTests": by_standing[CheckStanding.WARNED],
        "failedTests": [*by_standing[CheckStanding.FAILED], *by_standing[CheckStanding.NOT_JUDGED]],
    }
    statement = {
        "_type": STATEMENT,
        "subject": subjects or [written],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(statement, ensure_ascii=False) + "\n"


def _result(report: Report, by_standing: dict[CheckStanding, list[str]]) -> str:
    """Return the predicate's word: what could not be judged is no pass, and there are but three words."""
    if report.outcome is not Outcome.CONFORMS:
        return "FAILED"
    return "WARNED" if by_standing[CheckStanding.WARNED] else "PASSED"


def _configuration(report: Report) -> dict[str, Any]:
    """Return what decided how the files were judged, in the clear and as a file with its digest."""
    said = {
        "command": line(report.command, 2000),
        "seed": report.seed,
        "budget": report.budget,
        "strict": report.strict,
        "cases_hash": report.cases_hash,
        "stepproof": line(report.suite_version),
        "environment": environment(report),
    }
    content = json.dumps(said, sort_keys=True).encode()
    return {
        "name": "configuration.json",
        "digest": {"sha256": hashlib.sha256(content).hexdigest()},
        "content": base64.b64encode(content).decode(),
        "mediaType": "application/json",
        "annotations": said,
    }
