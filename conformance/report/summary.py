"""The report as Markdown for the summary page of a CI job, of at most 200 kilobytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.report import gates, totals
from conformance.report.cards import cards, reasons, standings
from conformance.report.matrix import matrices
from conformance.report.wording import SYMBOLS, case_rows, compact, counted, exact, listed, ratio, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.engine.verdict import Cell
    from conformance.report.cards import Card
    from conformance.report.matrix import Matrix, Square
    from conformance.report.model import Report

_LONGEST_TEXT = 600
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$@-])")


def render_summary(report: Report) -> str:
    """The verdict, what is wrong, what was not run, the matrix, the findings in short and the deviations."""
    parts: tuple[tuple[Callable[[Report], list[str]], int], ...] = (
        (_verdict_lines, 12_000),
        (_cause_lines, 18_000),
        (_not_run_lines, 18_000),
        (_matrix_lines, 70_000),
        (_finding_lines, 60_000),
        (_reason_lines, 18_000),
        (_deviation_lines, 18_000),
    )
    # The rooms are bytes: a CI page that is offered more than its limit shows nothing at all.
    lines = [line for make, room in parts for line in _fitted(make(report), room)]
    foot = f"seed `{report.seed}` · {_code(report.command)} · stepproof {_safe(report.suite_version)}"
    return "\n".join([*lines, _cut(foot), ""])


def _verdict_lines(report: Report) -> list[str]:
    figures = totals.tested(report.results)
    strength, proofs = totals.power(totals.mutants_of(report.rules)), totals.proven(report.rules)
    tested = (
        f"**Tested:** {counted(figures.element_cases, 'element-case')}, "
        f"{counted(figures.values, 'value')}, {exact(figures.outside)} outside, "
        f"{share(figures.undecided, figures.element_cases)} undecided. "
    )
    powerful = f"**Power:** {exact(strength.killed)} of {counted(strength.total, 'mutant')} killed. "
    proven = (
        f"**Proven:** {exact(proofs.claims)} of {counted(proofs.claims_total, 'claim')}, "
        f"{exact(proofs.forms)} of {counted(proofs.forms_total, 'form')} equal."
    )
    title = f"## {SYMBOLS[gates.overall(report)]} {gates.headline(report)}"
    warnings = [f"> **!** {_safe(text)}." for text in gates.warnings(report)]
    return [title, "", totals.verdict_sentence(report), "", tested + powerful + proven, "", *warnings, ""]


def _cause_lines(report: Report) -> list[str]:
    if not report.causes:
        return []
    told = (
        f"- **{_safe(cause.title)}** ({_safe(cause.implementation)}, {cause.level}): {_safe(cause.diagnosis)}"
        f" It explains {counted(len(cause.explains), 'cell')}."
        for cause in report.causes
    )
    return ["### What is wrong", "", *told, ""]


def _not_run_lines(report: Report) -> list[str]:
    if not report.not_run:
        return []
    return ["### Not run", "", *(f"- {_safe(text)}" for text in report.not_run), ""]


def _matrix_lines(report: Report) -> list[str]:
    tables = matrices(report)
    lines = [line for table in tables for line in _table_lines(table)]
    if not lines:
        return []
    return [
        "### Matrix",
        "",
        (
            "Worst verdict of a square's properties, their counts, values outside / compared, "
            "median of observed error over bound."
        ),
        "",
        *lines,
    ]


def _table_lines(table: Matrix) -> list[str]:
    heads = [_safe(table.rule), "path", *map(_safe, table.dtypes)]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for group in table.groups:
        for row in group.rows:
            place = f"{_safe(row.path)} · {_safe(row.device)}"
            squares = [_square_text(square) for square in row.squares]
            lines.append(_row([_safe(group.implementation), place, *squares]))
    return [*lines, ""]


def _square_text(square: Square | None) -> str:
    if square is None:
        return "·"
    figures = square.tested
    tally = " ".join(f"{SYMBOLS[verdict]}{count}" for verdict, count in figures.tally)
    text = f"{SYMBOLS[figures.verdict]} **{figures.verdict.value}** ({tally})"
    if figures.values:
        text += f"<br>{exact(figures.outside)} / {compact(figures.values)}"
    widest = square.widest.figures
    return f"{text} · {ratio(widest.median_ratio)}" if widest.ratio_sample else text


def _finding_lines(report: Report) -> list[str]:
    found = cards(report)
    if not found:
        return ["### Findings", "", "No finding stands outside the ledger.", ""]
    lines = [f"### Findings ({len(found)})", ""]
    lines.extend(line for card in found for line in _card_lines(card))
    return lines


def _card_lines(card: Card) -> list[str]:
    finding = card.finding
    case = "; ".join(f"{name} = {value}" for name, value in case_rows(finding.case))
    legal = f"[{finding.legal[0]}, {finding.legal[1]}]"
    looks = [f"- {_safe(finding.explanation)}"] if finding.explanation else []
    return [
        f"**{SYMBOLS[card.result.shown]} {_safe(finding.sentence)}** {_place(finding.cell)}",
        "",
        (
            f"- {_safe(finding.quantity)}: value {_code(finding.value)} ({_code(finding.value_hex)}), "
            f"legal {_code(legal)}, outside by {_safe(finding.distance)}"
        ),
        f"- smallest case: {_code(case)}",
        *looks,
        f"- replay, in the report's folder: {_code(finding.replay)}",
        "",
    ]


def _reason_lines(report: Report) -> list[str]:
    gathered = reasons(report)
    if not gathered:
        return []
    lines = ["### Cells without a pass and without a finding", ""]
    for entry in gathered:
        places = listed([_place(cell) for cell in entry.cells[:3]])
        rest = f" and {exact(len(entry.cells) - 3)} more" if len(entry.cells) > 3 else ""
        reason = _safe(entry.reason or "no reason was recorded")
        word = f"{SYMBOLS[entry.verdict]} **{entry.verdict.value}**"
        lines.append(f"- {word} ({counted(len(entry.cells), 'cell')}): {reason} {places}{rest}")
    return [*lines, ""]


def _deviation_lines(report: Report) -> list[str]:
    if not report.deviations:
        return []
    lines = ["### Known deviations", ""]
    for standing in standings(report):
        entry = standing.entry
        lines.append(
            f"- ◆ **{_safe(entry.implementation)}** {_safe(entry.condition)}: {_safe(entry.reason)} "
            f"({_safe(entry.status)}; ledger of {_safe(entry.ledger)}; {counted(len(standing.cells), 'cell')}; "
            f"judged beside it: {_safe(entry.profile)}) {_safe(entry.link)}"
        )
    return [*lines, ""]


def _place(cell: Cell) -> str:
    return _code(f"{cell.implementation} {cell.path} {cell.device} {cell.dtype} {cell.property}")


def _row(entries: Iterable[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _safe(text: str) -> str:
    """Text as text: no mark-up, no HTML, one line, of bounded length."""
    flat = _cut(" ".join(text.split()))
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", flat)


def _code(text: str) -> str:
    """Text in the fixed font; a table's bar and a code fence cannot break out of it."""
    flat = _cut(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;")
    flat = flat.replace(">", "&gt;").replace("|", "&#124;").replace("`", "&#96;")
    return f"<code>{re.sub(r'([*_~$@])', _numeric, flat)}</code>" if flat else ""


def _numeric(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _fitted(lines: list[str], room: int) -> list[str]:
    """As many lines as fit, and a sentence that counts those that do not."""
    used = 0
    for kept, line in enumerate(lines):
        used += len(line.encode()) + 1
        if used > room:
            left = len(lines) - kept
            return [*lines[:kept], "", f"*{counted(left, 'line')} more in report.html.*", ""]
    return lines
