"""Clauses that compare runs are judged again on a class that is written as a hypothesis says."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.hypothesis import AS_GIVEN, Hypothesis
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import Finding
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.torch_class import CLASS, Mistake, written
from conformance.optimizers.torch_source import UnwritableError
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.optimizer import recognise


def shown_by(hypothesis: Hypothesis, subject: WorkerSubject, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of clauses that a class shows too which does nothing but what the hypothesis says.

    It shows one if the same quantity of the same case is wrong; a right class shows none of these.  At a distance no
    other class can be asked.
    """
    source = _source(hypothesis, subject)
    if source is None or not subject.session.live:
        return []
    rule = subject.rules[min(subject.rules, key=len)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "supposed.py"
        path.write_text(source)
        try:
            item = recognise(f"{path}:{CLASS}", rule.name, dict(rule.options), subject.session)
        except NotJudgeableError:
            return []
        found = []
        for dtype in dict.fromkeys(finding.cell.dtype for finding in findings):
            other = OptimizerUnit(item, item.paths[0], "cpu", dtype, (), 1, 0).subject(subject.session)
            found += [f for f in findings if f.cell.dtype == dtype and _shows(other, f)]
    return found


def _source(hypothesis: Hypothesis, subject: WorkerSubject) -> str | None:
    """Return the class that a hypothesis describes, if it is of single elements and says what it reads."""
    switches = min(subject.rules, key=len)
    rule = subject.rules[switches]
    wrong = hypothesis.rules.get(switches)
    if hypothesis.reading is not AS_GIVEN and not hypothesis.edits:
        return None
    try:
        source = written(rule, hypothesis.title, Mistake(wrong))
    except (UnwritableError, KeyError):
        return None
    for old, new in hypothesis.edits:
        source = source.replace(old, new)
    return source


def _shows(subject: WorkerSubject, finding: Finding) -> bool:
    claim = BY_IDENTIFIER[OPTIMIZERS][finding.cell.property]
    case = claim.kind.read(finding.case["stored"])
    return any(getattr(failure, "quantity", "") == finding.quantity for failure in failures_of(subject, claim, case))
