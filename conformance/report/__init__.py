"""The conformance report and its views: JSON, HTML and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.document import json_text
from conformance.report.finding_files import script_bytes, script_path
from conformance.report.gates import weighed
from conformance.report.page import render_page
from conformance.report.safety import made_safe
from conformance.report.summary import render_summary
from conformance.report.writing import PAGE, REPORT, SUMMARY, write_bytes, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.report.model import Report


def write_report(report: Report, directory: Path) -> dict[str, Path]:
    """All views of one report stand side by side in a directory, each named by its kind, and the scripts below it."""
    paths = {"html": directory / PAGE, "json": directory / REPORT, "markdown": directory / SUMMARY}
    report = weighed(made_safe(report))
    for finding in (finding for result in report.results for finding in result.findings if finding.script):
        write_bytes(directory / script_path(finding.identifier), script_bytes(finding))
    write_text(paths["json"], json_text(report))
    write_text(paths["html"], render_page(report))
    write_text(paths["markdown"], render_summary(report))
    return paths
