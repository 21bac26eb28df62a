"""The report as Markdown for the summary page of a CI job, of at most 200 kilobytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.verdict import Level, Verdict
from conformance.report import gates, totals
from conformance.report.baseline_section import sentence, told
from conformance.report.cards import cards, reasons, standings
from conformance.report.difference import BaselineStatus
from conformance.report.matrix import matrices
from conformance.report.wording import SYMBOLS, case_lines, compact, counted, exact, listed, ratio, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.engine.verdict import Cause, Cell, Finding
    from conformance.report.cards import Card
    from conformance.report.matrix import Matrix, Square
    from conformance.report.model import Report

_LONGEST_TEXT = 600
_ADDRESS = re.compile(r"[a-z]+:(?=/)|www\.", re.IGNORECASE)
_PLAIN_ADDRESS = re.compile(r"https://[A-Za-z0-9./_#?=&%~+-]{1,400}")
_SPECIAL = re.compile(r"([\\`*_\[\]|~$@]|^(?:[-+]|\d+[.)]|#{1,6})(?=\s|$))")
"""What is mark-up anywhere, or at the beginning of a text."""


@dataclass(frozen=True)
class _Part:
    """A part of the summary: its head, and blocks of lines, each of which is shown whole or left out."""

    noun: str
    head: list[str]
    blocks: list[list[str]]


def render_summary(report: Report) -> str:
    """The verdict, what is wrong, what was not run, the matrix, the findings in short and the deviations."""
    parts: tuple[tuple[Callable[[Report], _Part], int], ...] = (
        (_baseline, 12_000),
        (_causes, 60_000),
        (_not_run, 12_000),
        (_matrix, 60_000),
        (_findings, 30_000),
        (_reasons, 12_000),
        (_deviations, 12_000),
    )
    # The rooms are bytes: a CI page that is offered more than its limit shows nothing at all.
    lines = [line for make, room in parts for line in _fitted(make(report), room)]
    foot = f"seed `{report.seed}` · {_code(report.command)} · stepproof {_safe(report.suite_version)}"
    return "\n".join([*verdict_lines(report), *lines, _cut(foot), ""])


def verdict_lines(report: Report) -> list[str]:
    """Return the outcome, the cells, how hard was tested, and every gate that is not met."""
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
    return [
        title,
        "",
        totals.verdict_sentence(report),
        "",
        tested + powerful + proven,
        *([f"**Faulty classes:** {_safe(report.stored_power.sentence)}."] if report.stored_power else []),
        "",
        *warnings,
        *[""] * bool(warnings),
    ]


def _baseline(report: Report) -> _Part:
    """What is otherwise than in the baseline, what is worse first."""
    held = report.baseline
    if held is None:
        return _Part("change", [], [])
    head = [f"### Against the baseline {_code(held.file)}", ""]
    if held.status is not BaselineStatus.COMPARED:
        return _Part("change", head, [["This run was recorded there, and is judged as it stands.", ""]])
    blocks = [[_safe(sentence(held.difference)), ""]]
    for sort in told(held.difference):
        blocks.append([f"- {'✗ ' if sort.worse else ''}**{_safe(sort.head)}**"])
        blocks += [[f"  - {_safe(text)}"] for text in sort.lines]
    return _Part("change", head, blocks)


def _causes(report: Report) -> _Part:
    known = {finding.identifier: finding for result in report.results for finding in result.findings}
    blocks = [_cause_block(cause, known.get(cause.case)) for cause in report.causes]
    return _Part("cause", ["### What is wrong", ""], blocks)


def _cause_block(cause: Cause, finding: Finding | None) -> list[str]:
    sign = SYMBOLS[Verdict.FAIL if cause.level is Level.MUST else Level.SHOULD]
    lines = [f"- {sign} **{_safe(cause.title)}** ({_safe(cause.implementation)}, {cause.level})"]
    if cause.diagnosis:
        lines.append(f"  - {_safe(cause.diagnosis)}")
    lines.append(f"  - explains {counted(len(cause.explains), 'cell')}: {_properties(cause)}")
    if cause.where:
        lines.append(f"  - where: {_code(cause.where)}")
    if finding is not None:
        lines += [f"  - {text}" for text in (*_case(finding), _value(finding), _replay(finding))]
    return lines


def _properties(cause: Cause) -> str:
    names = list(dict.fromkeys(cell.property for cell in cause.explains))
    more = f" and {exact(len(names) - 4)} more" if len(names) > 4 else ""
    return ", ".join(map(_safe, names[:4])) + more


def _not_run(report: Report) -> _Part:
    return _Part("sentence", ["### Not run", ""], [[f"- {_safe(text)}"] for text in report.not_run])


def _matrix(report: Report) -> _Part:
    said = (
        "Worst verdict of a square's properties, their counts, values outside / compared, "
        "median of observed error over bound."
    )
    blocks = [block for table in matrices(report) for block in _rows_of(table)]
    return _Part("row", ["### Matrix", "", said], blocks)


def _rows_of(table: Matrix) -> list[list[str]]:
    """Return the rows of a table; its head stands with the first of them."""
    heads = [_safe(table.rule), "path", *map(_safe, table.dtypes)]
    rows = []
    for group in table.groups:
        for row in group.rows:
            place = f"{_safe(row.path)} · {_safe(row.device)}"
            squares = [_square_text(square) for square in row.squares]
            rows.append([_row([_safe(group.implementation), place, *squares])])
    rows[0][:0] = ["", _row(heads), _row(["---"] * len(heads))]
    return rows


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


def _findings(report: Report) -> _Part:
    """Return the findings that no cause tells."""
    every = cards(report)
    if not every:
        return _Part("finding", ["### Findings", "", "No finding stands outside the ledger."], [])
    explained = {cell for cause in report.causes for cell in cause.explains}
    left = [card for card in every if card.result.cell not in explained]
    head = [f"### Findings ({len(every)})", ""]
    if len(left) < len(every):
        head += [f"{counted(len(every) - len(left), 'finding')} of the causes above; report.html has each.", ""]
    return _Part("finding", head, [_card_block(card) for card in left])


def _card_block(card: Card) -> list[str]:
    finding = card.finding
    looks = [f"- {_safe(finding.explanation)}"] if finding.explanation else []
    return [
        f"**{SYMBOLS[card.result.shown]} {_safe(finding.sentence)}** {_place(finding.cell)}",
        "",
        f"- {_value(finding)}",
        *(f"- {text}" for text in _case(finding)),
        *looks,
        f"- {_replay(finding)}",
        "",
    ]


def _case(finding: Finding) -> list[str]:
    names = {"case": "smallest case"}
    return [f"{_safe(names.get(name, name))}: {_code(text)}" for name, text in case_lines(finding.case)]


def _value(finding: Finding) -> str:
    value = f"{_code(finding.value)} ({_code(finding.value_hex)})" if finding.value_hex else _code(finding.value)
    legal = f"[{finding.legal[0]}, {finding.legal[1]}]" if any(finding.legal_hex) else finding.legal[0]
    outside = f", outside by {_safe(finding.distance)}" if finding.distance else ""
    return f"{_safe(finding.quantity)}: value {value}, legal {_code(legal)}{outside}"


def _replay(finding: Finding) -> str:
    return f"replay, in the report's folder: {_code(finding.replay)}"


def _reasons(report: Report) -> _Part:
    blocks = []
    for entry in reasons(report):
        places = listed([_place(cell) for cell in entry.cells[:3]])
        rest = f" and {exact(len(entry.cells) - 3)} more" if len(entry.cells) > 3 else ""
        reason = _safe(entry.reason or "no reason was recorded")
        word = f"{SYMBOLS[entry.verdict]} **{entry.verdict.value}**"
        blocks.append([f"- {word} ({counted(len(entry.cells), 'cell')}): {reason} {places}{rest}"])
    return _Part("reason", ["### Cells without a pass and without a finding", ""], blocks)


def _deviations(report: Report) -> _Part:
    blocks = []
    for standing in standings(report):
        entry = standing.entry
        said = (
            f"- ◆ **{_safe(entry.implementation)}** {_safe(entry.condition)}: {_safe(entry.reason)} "
            f"({_safe(entry.status)}; ledger of {_safe(entry.ledger)}; {counted(len(standing.cells), 'cell')}; "
            f"judged beside it: {_safe(entry.profile)}) {_link(entry.link)}"
        )
        blocks.append([said])
    return _Part("deviation", ["### Known deviations", ""], blocks)


def _place(cell: Cell) -> str:
    return _code(f"{cell.implementation} {cell.path} {cell.device} {cell.dtype} {cell.property}")


def _row(entries: Iterable[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _safe(text: str) -> str:
    """Text as text: no mark-up, no HTML, no address that becomes a link, one line, of bounded length."""
    flat = _cut(" ".join(text.split()))
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _unlinked(_SPECIAL.sub(lambda match: f"{match[0][:-1]}\\{match[0][-1]}", flat))


def _code(text: str) -> str:
    """Text in the fixed font, in which nothing is mark-up; a table's bar cannot break out of it."""
    flat = _cut(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;")
    flat = flat.replace(">", "&gt;")
    return f"<code>{_unlinked(_SPECIAL.sub(_numeric, flat))}</code>" if flat else ""


def _numeric(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}&#{ord(match[0][-1])};"


def _unlinked(text: str) -> str:
    return _ADDRESS.sub(lambda match: match[0].replace(":", "&#58;").replace(".", "&#46;"), text)


def _link(address: str) -> str:
    """A plain address as a link, whatever else it is as text."""
    return f"<{address}>" if _PLAIN_ADDRESS.fullmatch(address) else _safe(address)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _fitted(part: _Part, room: int) -> list[str]:
    """Return as many blocks of a part as fit, and a sentence that counts those that do not."""
    if not part.blocks and len(part.head) < 3:
        return []
    kept, used = list(part.head), _bytes(part.head)
    for number, block in enumerate(part.blocks):
        used += _bytes(block)
        if used > room:
            left = counted(len(part.blocks) - number, part.noun)
            return [*kept, "", f"*{left} of {exact(len(part.blocks))} left out here: see report.html.*", ""]
        kept += block
    return [*kept, ""]


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)
