"""Findings on schedulers: the smallest case, what is legal and what came, and its script."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from conformance.schedules.cases import Case, Node, described, to_plain
from conformance.schedules.formulas import first_line
from conformance.schedules.properties import COMPOSED, Property
from conformance.schedules.script import script
from conformance.schedules.subject import Failure
from conformance.verdict import Cell, Finding


def finding(failure: Failure, claim: Property, cell: Cell) -> Finding:
    """Return the finding that a reduced failure is."""
    case = failure.case
    plain = to_plain(case)
    text = json.dumps([str(cell), plain], sort_keys=True)
    identifier = hashlib.sha256(text.encode()).hexdigest()[:10]
    lo, hi = failure.legal
    told = not math.isnan(lo)
    shown = (f"{lo:.17g}", f"{hi:.17g}") if told else (failure.expected, failure.expected)
    name, formula, mathml = _formula(case.node)
    return Finding(
        identifier, cell, claim.sentence, failure.quantity, name, formula, mathml,
        {**_table(failure), "stored": plain}, shown, (lo.hex(), hi.hex()) if told else ("", ""),
        failure.error or (f"{failure.value:.17g}" if not math.isnan(failure.value) else "not so"),
        failure.value.hex() if not math.isnan(failure.value) else "",
        _distance(failure), _confirmed(failure), failure.expected, script(failure),
        f"stepproof replay failures/{identifier}.json",
    )  # fmt: skip


def _formula(node: Node) -> tuple[str, str, str]:
    if node.entry.schedule in COMPOSED:
        words = {
            "sequence": "each schedule from its milestone on, in its own time",
            "chain": "the product of factors",
        }
        return "composition", words[node.entry.schedule], ""
    line = first_line(node.schedule)
    return line.name, line.text, line.mathml


def _confirmed(failure: Failure) -> str:
    return "seen directly" if failure.expected else "by balls of 300 bits"


def _table(failure: Failure) -> dict[str, Any]:
    case = failure.case
    table: dict[str, Any] = {"scheduler": _named(case.node, case.base), "lr of the groups": list(case.base)}
    if case.lr_dtype:
        table["lr is"] = f"a {case.lr_dtype} tensor" + (" shared by default" if case.shared else "")
    table["actions"] = "; ".join(" ".join(str(part) for part in action) for action in failure.actions)
    if not math.isnan(failure.legal[0]):
        table["t"] = f"{failure.time:g}"
        table["group"] = failure.group
    return table


def _named(node: Node, base: tuple[float, ...]) -> str:
    plain = described(node, base)
    if node.parts:
        inner = ", ".join(_named(part, base) for part in node.parts)
        return f"{node.entry.name}([{inner}]" + (
            f", milestones={list(node.milestones)})" if node.milestones else ")"
        )
    given = {**plain["keywords"], **dict.fromkeys(plain.get("tables", {}), "a function")}
    return f"{node.entry.name}({', '.join(f'{k}={v}' for k, v in given.items())})"


def _distance(failure: Failure) -> str:
    lo, hi = failure.legal
    if failure.error or math.isnan(lo):
        return ""
    if math.isnan(failure.value) or math.isinf(hi):
        return "below what any schedule has" if failure.value < lo else "not finite"
    gap = max(lo - failure.value, failure.value - hi)
    return f"{gap / (hi - lo):,.3g} widths of the legal interval beyond its end" if hi > lo else f"{gap:+.3g}"


def stored(case: Case) -> dict[str, Any]:
    """Return a case as the ledger keeps it."""
    plain: dict[str, Any] = to_plain(case)
    return plain
