"""A badge says the outcome of the report, in a picture and for a service."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from conformance.report import model
from conformance.report.gates import weighed
from tests.exchange.example_reports import HOSTILE, conforming, hostile, red, written

SVG = "{http://www.w3.org/2000/svg}"


def badge_of(whole: model.Report, folder: Path) -> tuple[ET.Element, dict[str, object]]:
    """Return the picture and the document."""
    picture, document = written(whole, folder, "badge").paths
    found: dict[str, object] = json.loads(document.read_text())
    return ET.fromstring(picture.read_text()), found


@pytest.mark.parametrize(
    ("whole", "message", "color"),
    [
        (conforming(), "conforms", "brightgreen"),
        (red(), "does not conform: 2 causes", "red"),
        (weighed(dataclasses.replace(conforming(), cut_short=True)), "could not be judged", "lightgrey"),
    ],
    ids=["conforms", "does not", "not judged"],
)
def test_picture_and_document_say_the_outcome(whole: model.Report, message: str, color: str, tmp_path: Path) -> None:
    """Both have the same words, and a run that does not conform is an error to the service."""
    picture, document = badge_of(whole, tmp_path)
    assert document == {
        "schemaVersion": 1,
        "label": "stepproof",
        "message": message,
        "color": color,
        "isError": color != "brightgreen",
    }
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["stepproof", message]
    assert picture.get("aria-label") == f"stepproof: {message}"


def test_what_deviates_as_known_is_said(tmp_path: Path) -> None:
    """A run that conforms with deviations says how many."""
    known = [result for result in red().results if result.deviation]
    whole = dataclasses.replace(conforming(), results=(*conforming().results, *known), deviations=red().deviations)
    assert badge_of(weighed(whole), tmp_path)[1]["message"] == "conforms, 1 known deviation"


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_code_under_test_says_is_on_a_badge(name: str, tmp_path: Path) -> None:
    """A badge has words of ours alone, and parts of ours alone."""
    picture, document = badge_of(hostile(HOSTILE[name]), tmp_path)
    assert document["message"] == "does not conform: 2 causes"
    assert {item.tag.removeprefix(SVG) for item in picture.iter()} == {"svg", "title", "rect", "path", "g", "text"}
