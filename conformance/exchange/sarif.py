"""SARIF 2.1.0, within what GitHub's code scanning takes: a result for each cause, at the line of the user's step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from conformance.engine.verdict import Level, Verdict
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import ReportedProblem, line, problems
from conformance.report.difference import BaselineStatus
from conformance.report.fingerprints import fingerprints
from conformance.report.model import GateStatus, Report
from conformance.report.wording import counted, exact

MOST_RESULTS = 5_000
"""GitHub refuses more than 25,000 results in a run, and keeps 5,000."""
MOST_BYTES = 9_000_000
"""GitHub refuses a file of more than 10 MB compressed; ours is smaller as it is."""
MOST_TAGS = 10
"""GitHub refuses more than 20 tags of a rule, and shows 10."""
FINGERPRINT = "stepproof/v1"
"""A name of our own: GitHub reckons the value of ``primaryLocationLineHash`` itself and warns of another."""
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.MUST: "error", Level.SHOULD: "warning"}
_BROKEN = frozenset({Verdict.OURS, Verdict.ERROR})


def render(report: Report, occasion: Occasion) -> str:
    """Return the document on one line; what does not fit is counted in a notification."""
    found = problems(report, occasion)
    told = _fitting(found, report)
    rules: dict[str, dict[str, Any]] = {}
    for rule, _ in told:
        rules.setdefault(rule["id"], rule)
    numbers = {name: number for number, name in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "stepproof", "version": line(report.suite_version), "rules": list(rules.values())}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, occasion, len(found) - len(told))],
        "results": [{**result, "ruleIndex": numbers[result["ruleId"]]} for _, result in told],
        "properties": {"seed": report.seed, "budget": report.budget, "casesHash": report.cases_hash},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False) + "\n"


def _fitting(found: Sequence[ReportedProblem], report: Report) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rule and the result of as many problems as there is room for and GitHub keeps."""
    sentences = {entry.identifier: (entry.sentence, entry.source) for entry in report.properties}
    findings = {problem.cause.case: problem.finding for problem in found if problem.finding}
    prints = fingerprints((problem.cause for problem in found), findings)
    room, kept = MOST_BYTES, []
    for problem, fingerprint in zip(found[:MOST_RESULTS], prints, strict=False):
        told = (_rule(problem, sentences), {**_result(problem, fingerprint), **_since(problem, report)})
        room -= len(json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace"))
        if room < 0:
            break
        kept.append(told)
    return kept


def _rule(problem: ReportedProblem, sentences: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return what was broken: a line of a formula, or a property with its source."""
    name, finding, cause = problem.identifier, problem.finding, problem.cause
    claim = finding.cell.property if finding else cause.explains[0].property if cause.explains else name
    sentence, source = sentences.get(claim, (finding.sentence if finding else claim, ""))
    of_a_line = finding is not None and bool(finding.assignment)
    short = f"The line {finding.assignment} of the formula" if finding is not None and of_a_line else sentence
    formula = finding.formula_text if finding is not None and of_a_line else ""
    full = " ".join(f"{part.rstrip('.')}." for part in (formula, sentence, source) if part)
    level = _LEVELS[cause.level]
    tags = ["optimizer", cause.level.value, claim.partition("/")[0], *([problem.rule] if problem.rule else [])]
    return {
        "id": name,
        "shortDescription": {"text": line(short, 1000) or name},
        "fullDescription": {"text": line(full, 1000) or name},
        "help": {"text": _text(f"{full}\nThe smallest case, its script and the whole report stand in report.html.")},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": [line(tag, 100) for tag in dict.fromkeys(tags)][:MOST_TAGS],
            "precision": "very-high",
            "problem.severity": level,
        },
    }


def _result(problem: ReportedProblem, fingerprint: str) -> dict[str, Any]:
    cause = problem.cause
    where: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": line(cause.implementation), "kind": "type"}]}
    # GitHub refuses a file with a result that has no place: a report stands for what is known to lie nowhere.
    place = problem.place
    uri = quote(line(place.file, 1000), safe="/") if place else "report.json"
    where["physicalLocation"] = {"artifactLocation": {"uri": uri}, "region": {"startLine": place.line if place else 1}}
    paragraphs = (problem.title, *problem.paragraphs())
    return {
        "ruleId": problem.identifier,
        "level": _LEVELS[cause.level],
        "message": {"text": _text("\n".join(paragraphs))},
        "locations": [where],
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "properties": {"cells": len(cause.explains)},
    }


def _since(problem: ReportedProblem, report: Report) -> dict[str, str]:
    """Return whether a result is new, where the run was held against a baseline."""
    compared = report.baseline is not None and report.baseline.status is BaselineStatus.COMPARED
    return {"baselineState": "unchanged" if problem.known else "new"} if compared else {}


def _invocation(report: Report, occasion: Occasion, left_out: int) -> dict[str, Any]:
    """Return how the run went: whether anything broke, and a notification for each gate that is not met."""
    unmet = [gate for gate in report.gate_outcomes if gate.status is GateStatus.NOT_MET]
    told = [
        _notification("error" if gate.enforced else "note", f"{gate.counts}: {exact(gate.observed)}") for gate in unmet
    ]
    told += [_notification("note", text) for text in report.not_run[:100]]
    if left_out:
        told.append(_notification("warning", f"{counted(left_out, 'cause')} more: see report.json"))
    whole = not report.cut_short and not any(result.verdict in _BROKEN for result in report.results)
    return {
        "executionSuccessful": whole,
        "commandLine": line(report.command, 1000),
        "endTimeUtc": occasion.timestamp,
        "toolExecutionNotifications": told,
    }


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": _text(text)}}


def _text(text: str) -> str:
    """Return a text in which nothing is a link: to SARIF ``[word](address)`` is one in plain text too."""
    return text.replace("](", "] (")
