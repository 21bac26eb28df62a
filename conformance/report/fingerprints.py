"""What a cause is known by from run to run."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from conformance.engine.evidence import RAISED
from conformance.engine.verdict import Cause, Finding, Level
from conformance.report.wording import fault

_NUMBER = re.compile(r"[-+]?(?:0x)?\d[\w.]*(?:[eEpP][-+]\d+)?|\b(?:nan|inf)\b")


def fingerprints(causes: Iterable[Cause], findings: Mapping[str, Finding]) -> tuple[str, ...]:
    """Return what each cause is known by in every run, 32 hexadecimal digits; ``findings`` are those of the report.

    Seeds, cases, values, line numbers and the order of causes have no part in it.  Of causes that are alike in all
    else the second has a number: it is another one.
    """
    seen: Counter[str] = Counter()
    found = []
    for cause in causes:
        text = "\0".join((cause.implementation, cause.level, *_reason(cause, findings.get(cause.case))))
        known_by = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        seen[known_by] += 1
        found.append(known_by if seen[known_by] == 1 else f"{known_by}/{seen[known_by]}")
    return tuple(found)


def _reason(cause: Cause, finding: Finding | None) -> tuple[str, ...]:
    """Return the sort of a cause and what tells it from others of its sort."""
    if finding is None:
        return ("property", *sorted({cell.property for cell in cause.explains})[:1])
    if finding.quantity == RAISED:
        place = finding.confirmed if finding.confirmed.startswith("raised at ") else ""
        return ("raised", finding.value.partition(":")[0], place)
    if cause.level is Level.SHOULD:
        return ("should", finding.cell.property.partition("/")[0])
    if cause.title in {f"{finding.cell.property}: {finding.quantity}", fault(finding)}:
        return ("property", finding.cell.property)
    # Which quantities are wrong depends on the cases; what the code computes instead does not.
    wrong = cause.title.startswith("wrong: ") or cause.title == "values are wrong"
    return ("values", "" if wrong else _NUMBER.sub("#", cause.title))
