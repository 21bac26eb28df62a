"""JUnit XML: a suite for each path of an implementation in a format, a case for each property.

What neither passed nor stands against the run, such as a known deviation, is skipped, with its reason.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import groupby

from conformance.exchange.checks import Check, CheckStanding, checks
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import environment, line
from conformance.report.model import Report

_ELEMENTS = {
    CheckStanding.FAILED: "failure",
    CheckStanding.NOT_JUDGED: "error",
    CheckStanding.WARNED: "skipped",
    CheckStanding.LEFT_OUT: "skipped",
}


def render(report: Report, occasion: Occasion) -> str:
    """Return the document; the totals of its root are those of all suites."""
    every = checks(report, occasion)
    root = ET.Element("testsuites", {"name": "stepproof", **_totals(every)})
    for suite, held in groupby(every, key=lambda check: check.suite):
        _add_suite(root, suite, tuple(held), report, occasion)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_suite(
    root: ET.Element, suite: tuple[str, ...], held: tuple[Check, ...], report: Report, occasion: Occasion
) -> None:
    name = " ".join(suite)
    stamp = occasion.timestamp.removesuffix("Z")  # the format knows no zone
    element = ET.SubElement(root, "testsuite", {"name": name, "timestamp": stamp, **_totals(held)})
    said = {"seed": str(report.seed), "budget": str(report.budget), "stepproof": line(report.suite_version)}
    listed = ET.SubElement(element, "properties")
    for key, value in {**said, **environment(report)}.items():
        ET.SubElement(listed, "property", {"name": key, "value": value})
    for check in held:
        _add_case(element, name, check)


def _add_case(suite: ET.Element, name: str, check: Check) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": name, "name": check.name, "time": f"{check.seconds:.3f}"})
    if check.place is not None:
        case.set("file", check.place.file)
        case.set("line", str(check.place.line))
    if check.standing in _ELEMENTS:
        told = ET.SubElement(case, _ELEMENTS[check.standing], {"type": check.word, "message": check.message})
        told.text = check.text or None


def _totals(held: tuple[Check, ...]) -> dict[str, str]:
    named = [_ELEMENTS.get(check.standing) for check in held]
    return {
        "tests": str(len(held)),
        "failures": str(named.count("failure")),
        "errors": str(named.count("error")),
        "skipped": str(named.count("skipped")),
        "time": f"{sum(check.seconds for check in held):.3f}",
    }
