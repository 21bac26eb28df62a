"""CTRF, the Common Test Report Format: JSON with a test for each cell, and for each gate that counts no cells.

Whatever keeps a run from conforming is ``failed``, so that nothing that is red here is green there; ``rawStatus`` has
the report's own word.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import Any

from conformance.exchange.checks import Check, CheckStanding, checks
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import environment, line
from conformance.report.model import Report

SPECIFICATION = "1.0.0"
STATUSES = {
    CheckStanding.PASSED: "passed",
    CheckStanding.FAILED: "failed",
    CheckStanding.NOT_JUDGED: "failed",
    CheckStanding.WARNED: "other",
    CheckStanding.LEFT_OUT: "skipped",
}
_OURS = uuid.uuid5(uuid.NAMESPACE_OID, "stepproof")
"""The space of our identifiers, so that a test has the same one in every run."""


def render(report: Report, occasion: Occasion) -> str:
    """Return the document on one line; its times are in milliseconds."""
    every = checks(report, occasion)
    stop = round(occasion.date.timestamp() * 1000)
    duration = round(report.times.get("total", 0.0) * 1000)
    counts = Counter(STATUSES[check.standing] for check in every)
    document = {
        "reportFormat": "CTRF",
        "specVersion": SPECIFICATION,
        "reportId": str(uuid.uuid5(_OURS, f"{report.cases_hash} {occasion.timestamp}")),
        "timestamp": occasion.timestamp,
        "generatedBy": "stepproof",
        "results": {
            "tool": {"name": "stepproof", "version": line(report.suite_version)},
            "summary": {
                "tests": len(every),
                **{status: counts[status] for status in ("passed", "failed", "skipped", "pending", "other")},
                "suites": len({check.suite for check in every}),
                "start": stop - duration,
                "stop": stop,
                "duration": duration,
                "extra": {"outcome": report.outcome.value},
            },
            "tests": [_test(check) for check in every],
            "environment": {
                "appName": line(", ".join(item.identifier for item in report.implementations)),
                "osPlatform": line(report.environment.get("platform", "")),
                "extra": {**environment(report), "seed": report.seed, "budget": report.budget},
            },
        },
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def _test(check: Check) -> dict[str, Any]:
    test: dict[str, Any] = {
        "id": str(uuid.uuid5(_OURS, "\0".join((*check.suite, check.name)))),
        "name": check.name or "(no name)",
        "status": STATUSES[check.standing],
        "rawStatus": check.word,
        "duration": round(check.seconds * 1000),
        "suite": list(check.suite),
        "tags": [check.level.value],
    }
    if check.message and check.standing is not CheckStanding.PASSED:
        test["message"] = check.message
    if check.text:
        test["trace"] = check.text
    if check.place is not None:
        test |= {"filePath": check.place.file, "line": check.place.line}
    return test
