"""The scripts of findings, which stand in files beside the report."""

from __future__ import annotations

from conformance.engine.verdict import Finding

FAILURES = "failures"
"""The folder, beside the report, of cases and scripts."""


def script_path(identifier: str) -> str:
    """Return where the script of a finding stands, from the report's folder."""
    return f"{FAILURES}/{identifier}.py"


def script_bytes(finding: Finding) -> bytes:
    """Return a script as its file holds it: what UTF-8 cannot hold is escaped."""
    return finding.script.encode("utf-8", "backslashreplace")
