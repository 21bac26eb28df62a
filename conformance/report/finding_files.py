"""The scripts of findings, which stand in files beside the report."""

from __future__ import annotations

import hashlib

from conformance.engine.verdict import Finding
from conformance.report.model import Report

FAILURES = "failures"
"""The folder, beside the report, of cases and scripts."""


def script_path(identifier: str) -> str:
    """Return where the script of a finding stands, from the report's folder."""
    return f"{FAILURES}/{identifier}.py"


def script_bytes(finding: Finding) -> bytes:
    """Return a script as its file holds it: what UTF-8 cannot hold is escaped."""
    return finding.script.encode("utf-8", "backslashreplace")


def hashes(report: Report) -> dict[str, str]:
    """Return the SHA-256 of every script's file, by its path."""
    return {
        script_path(finding.identifier): hashlib.sha256(script_bytes(finding)).hexdigest()
        for result in report.results
        for finding in result.findings
        if finding.script
    }
