"""Findings: a failure reduced to its smallest case, told, and written as a script."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from conformance.engine.claim import Claim, Plan, Subject, first_of_each, level_of
from conformance.engine.reduction import reduced
from conformance.engine.verdict import Cell, Finding


def confirmed_findings(
    subject: Subject, claim: Claim, cell: Cell, failures: list[Any], plan: Plan
) -> tuple[Finding, ...]:
    """Return one finding for each likeness of failures that an exact computation confirms.

    Each is reduced to its smallest case, and none to one that ``plan`` explains.
    """
    kept = []
    for failure in first_of_each(failures, claim.kind.most_findings):
        tried = (reduced(subject, claim, failure, plan), failure)
        kept += [item for item in tried if claim.kind.confirms(subject, claim, item)][:1]
    return findings_of(subject, claim, cell, kept)


def findings_of(subject: Subject, claim: Claim, cell: Cell, failures: list[Any]) -> tuple[Finding, ...]:
    """Return the findings of failures whose cases are the smallest already."""
    return tuple(_finding(subject, claim, cell, failure) for failure in failures)


def _finding(subject: Subject, claim: Claim, cell: Cell, failure: Any) -> Finding:
    plain = claim.kind.write(failure.case)
    text = json.dumps([str(cell), failure.quantity, plain], sort_keys=True)
    identifier = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:10]
    told = claim.kind.tell(subject, claim, failure)
    name, formula, mathml = told.line
    return Finding(
        identifier,
        cell,
        claim.sentence,
        told.quantity,
        name,
        formula,
        mathml,
        {**told.table, "kind": claim.kind.name, "stored": plain},
        told.legal,
        told.legal_hex,
        told.value,
        told.value_hex,
        told.distance,
        claim.kind.confirms(subject, claim, failure),
        told.explanation,
        claim.kind.script(subject, claim, failure),
        f"stepproof replay failures/{identifier}.json",
        level_of(claim, subject),
    )
