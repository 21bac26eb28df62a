"""Verdicts, counts and ratios are written the same way in every view."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from conformance.engine.evidence import RAISED
from conformance.engine.safe_text import safe_text
from conformance.engine.verdict import Finding, Level, Shown, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

SYMBOLS: dict[Shown, str] = {
    Verdict.FAIL: "✗",
    Verdict.ERROR: "!",
    Verdict.OURS: "‼",
    Verdict.UNDECIDED: "?",
    Verdict.NOT_RUN: "○",
    Level.SHOULD: "△",
    Verdict.DEVIATION: "◆",
    Verdict.PASS: "✓",
    Verdict.NOT_APPLICABLE: "–",
}
"""A sign for each that a cell is called by, worst first: what is open stands before what is settled."""

SEVERITY = tuple(SYMBOLS)
"""The verdicts from worst to best; a group of cells is called by its worst."""

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"

_MEANINGS: dict[Shown, str] = {
    Verdict.PASS: "every value lay inside its enclosure, or the clause held in every case",
    Verdict.FAIL: "a value lay outside every legal evaluation, or a clause broke; a finding shows it",
    Level.SHOULD: "a clause broke that only should hold: no result is wrong or lost, a mistake is easier to make;"
    " a finding shows it, and it fails a run that is asked to be strict",
    Verdict.DEVIATION: "the finding stands in the ledger with its reason, and with how the rest of the"
    " cell is judged: under a wider profile, for some settings, beside what is seen, or not at all",
    Verdict.UNDECIDED: "the enclosures could not decide; it is not counted as pass",
    Verdict.ERROR: "the worker crashed, hung or answered nonsense",
    Verdict.OURS: "stepproof itself broke, which says nothing of the code under test; a file for its report lies in"
    " the folder `failures`",
    Verdict.NOT_RUN: "the check was not made; nothing is known",
    Verdict.NOT_APPLICABLE: "the property does not speak of this path; the reason stands beside it",
}


def verdict_meanings() -> tuple[tuple[Shown, str], ...]:
    """Each verdict stands beside one sentence that says what it means."""
    return tuple(_MEANINGS.items())


def fault(finding: Finding) -> str:
    """The headline of a finding says what is wrong: an exception, what is missing, or a value and what it is not."""
    if finding.quantity == RAISED and finding.value:
        return f"{RAISED} {finding.value}"
    if finding.legal_hex[0] and finding.explanation:
        return f"{finding.quantity} is not {finding.explanation}"
    if finding.legal_hex[0] and finding.assignment:
        return f"{finding.quantity} is outside what any legal evaluation can return"
    if finding.explanation:
        return f"{finding.quantity}: expected {finding.explanation}"
    return f"{finding.quantity} breaks {finding.cell.property}"


def verdict_class(verdict: Shown) -> str:
    """A verdict's CSS class is its name with hyphens."""
    return verdict.value.replace(" ", "-")


def worst(verdicts: Mapping[Shown, int]) -> Shown:
    """The worst verdict of a tally names the whole; an empty tally was not run."""
    return next((verdict for verdict in SEVERITY if verdicts.get(verdict)), Verdict.NOT_RUN)


def exact(count: int) -> str:
    """A count keeps all its digits, in groups of three."""
    return f"{count:,}".replace(",", THIN_SPACE)


def compact(count: int) -> str:
    """A count from ten thousand on keeps three digits, cut and never rounded up."""
    if count < 10_000:
        return exact(count)
    power = (len(str(count)) - 1) // 3
    letter = ("", "k", "M", "G", "T", "P")[min(power, 5)]
    whole, rest = divmod(count, 1000 ** min(power, 5))
    decimals = max(0, 3 - len(str(whole)))
    digits = str(rest).zfill(3 * min(power, 5))[:decimals]
    return f"{whole}{'.' + digits if digits else ''}{THIN_SPACE}{letter}"


def ratio(value: float | None) -> str:
    """A ratio has three decimals and never reads as one unless it is one."""
    if value is None:
        return "—"
    text = f"{value:.3f}"
    if text == "1.000" and value != 1.0:
        return "<1" if value < 1.0 else ">1"
    return text if value < 1000.0 else f"{value:.3g}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def error_size(error: float) -> str:
    """A relative error that is a power of two is written as one."""
    exponent = math.frexp(error)[1] - 1
    return f"2{str(exponent).translate(SUPERSCRIPTS)}"


def share(part: int, whole: int) -> str:
    """A share is a percentage that never hides a count above zero."""
    if whole == 0:
        return "—"
    percent = 100.0 * part / whole
    if 0.0 < percent < 0.01:
        return f"<0.01{THIN_SPACE}%"
    if part in {0, whole}:
        return f"{percent:.0f}{THIN_SPACE}%"
    return f"{percent:.2f}{THIN_SPACE}%"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A noun agrees with its count."""
    return f"{exact(count)} {noun if count == 1 else plural or noun + 's'}"


def listed(parts: list[str]) -> str:
    """Parts of a sentence are joined by commas and a final 'and'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def anchor(kind: str, name: str) -> str:
    """An anchor is made of letters, digits, dots and hyphens whatever the name holds."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9._]+', '-', name).strip('-')}"


def case_rows(case: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A case is a flat list of names and values, long ones cut; a nested name is joined by dots.

    How it is stored stands in its file.
    """
    rows: list[tuple[str, str]] = []
    for name, value in ((name, value) for name, value in case.items() if prefix or name != "stored"):
        if isinstance(value, dict):
            rows.extend(case_rows(value, f"{prefix}{name}."))
        else:
            rows.append((f"{prefix}{name}", safe_text(case_value(value))))
    return rows


def case_lines(case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What of a case a reader needs, a line each by its name: settings and shapes, then what entered the line.

    How it is stored stands in its file.
    """
    own = {name: value for name, value in case.items() if not isinstance(value, dict) and name != "kind"}
    settings = case.get("hyperparameters", {})
    parts = {"case": {**(settings if isinstance(settings, dict) else {}), **own}}
    parts |= {name: value for name, value in case.items() if isinstance(value, dict)}
    return [
        (name, "; ".join(f"{key} = {value}" for key, value in case_rows(part)))
        for name, part in parts.items()
        if part and name not in {"hyperparameters", "stored"}
    ]


def case_value(value: Any) -> str:
    """A value of a case reads as Python writes it, without quotes around text."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(case_value(item) for item in value)}]"
    return value if isinstance(value, str) else repr(value)
