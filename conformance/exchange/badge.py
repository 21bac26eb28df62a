"""A badge with the outcome: an SVG, and the JSON from which a badge service draws one."""

from __future__ import annotations

import html
import json

from conformance.engine.verdict import Verdict
from conformance.report.model import Outcome, Report
from conformance.report.wording import counted

SVG, ENDPOINT = "badge.svg", "badge.json"
LABEL = "stepproof"
_COLOURS = {
    Outcome.CONFORMS: ("brightgreen", "#2e7d32"),
    Outcome.DOES_NOT_CONFORM: ("red", "#c62828"),
    Outcome.NOT_JUDGED: ("lightgrey", "#616161"),
}
"""The name of a colour for the service, and one on which white is read well."""
_LETTER, _MARGIN, _HEIGHT = 6.6, 6.0, 20


def message(report: Report) -> str:
    """Return the outcome in a few words, with what stands beside it."""
    said = report.outcome.value
    if report.outcome is Outcome.DOES_NOT_CONFORM and report.causes:
        return f"{said}: {counted(len(report.causes), 'cause')}"
    known = sum(result.verdict is Verdict.DEVIATION for result in report.results)
    if report.outcome is Outcome.CONFORMS and known:
        return f"{said}, {counted(known, 'known deviation')}"
    return said


def endpoint(report: Report) -> str:
    """Return the JSON that a badge service reads."""
    document = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(report),
        "color": _COLOURS[report.outcome][0],
        "isError": report.outcome is not Outcome.CONFORMS,
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def svg(report: Report) -> str:
    """Return the badge, which has its own ground and so reads the same on light and dark pages."""
    said, colour = message(report), _COLOURS[report.outcome][1]
    left, right = (round(len(text) * _LETTER + 2 * _MARGIN) for text in (LABEL, said))
    words = html.escape(f"{LABEL}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{words}"><title>{words}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="#454545"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v{_HEIGHT - 6}a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_word(LABEL, 0, left)}{_word(said, left, right)}</g></svg>\n"
    )


def _word(text: str, start: float, width: float) -> str:
    length = width - 2 * _MARGIN
    return f'<text x="{start + _MARGIN:g}" y="14" textLength="{length:g}">{html.escape(text)}</text>'
