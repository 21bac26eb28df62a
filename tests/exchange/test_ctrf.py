"""CTRF has the fields of its published schema and no other, and is red where the run is.

No package for Python brings that schema, so that it stands here in the test's own words.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.report import model
from conformance.report.gates import weighed
from conformance.report.model import Outcome
from tests.conformance.test_gates import BREAKS, sound
from tests.exchange.example_reports import HOSTILE, conforming, hostile, parsed, red

TEXT, WHOLE, OBJECT, NAME = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "object"},
    {"type": "string", "minLength": 1},
)
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
COUNTS = ("tests", "passed", "failed", "skipped", "pending", "other", "start", "stop")


def of(required: str, **known: object) -> dict[str, Any]:
    """Return the schema of an object with these fields and no other."""
    return {
        "type": "object",
        "required": required.split(),
        "additionalProperties": False,
        "properties": {name.rstrip("_"): kind for name, kind in known.items()},
    }


TEST = of(
    "name status duration",
    id=UUID,
    name=NAME,
    status={"enum": ["passed", "failed", "skipped", "pending", "other"]},
    rawStatus=TEXT,
    duration=WHOLE,
    suite={"type": "array", "minItems": 1, "items": TEXT},
    tags={"type": "array", "items": TEXT},
    message=TEXT,
    trace=TEXT,
    filePath=TEXT,
    line=WHOLE,
)
RESULTS = of(
    "tool summary tests",
    tool=of("name", name=NAME, version=TEXT),
    summary=of(" ".join(COUNTS), **dict.fromkeys(COUNTS, WHOLE), suites=WHOLE, duration=WHOLE, extra=OBJECT),
    tests={"type": "array", "items": TEST},
    environment=of("", appName=TEXT, osPlatform=TEXT, extra=OBJECT),
)
DOCUMENT = of(
    "results reportFormat specVersion",
    reportFormat={"const": "CTRF"},
    specVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    reportId=UUID,
    timestamp=TEXT,
    generatedBy=TEXT,
    results=RESULTS,
)


def results_of(whole: model.Report, folder: Path) -> dict[str, Any]:
    """Return the results of a document that fits the schema and whose counts add up."""
    document: dict[str, Any] = parsed(whole, folder, "ctrf")
    jsonschema.Draft7Validator(DOCUMENT).validate(document)
    datetime.fromisoformat(document["timestamp"])
    found: dict[str, Any] = document["results"]
    summary, statuses = found["summary"], [test["status"] for test in found["tests"]]
    assert summary["tests"] == len(statuses)
    assert [summary[name] for name in COUNTS[1:6]] == [statuses.count(name) for name in COUNTS[1:6]]
    return found


def test_a_cell_is_a_test_with_its_own_word(tmp_path: Path) -> None:
    """What keeps a run from conforming is failed; what is known, or only should hold, is neither that nor passed."""
    tests = {test["name"]: test for test in results_of(red(), tmp_path)["tests"]}
    words = {name: (test["status"], test["rawStatus"]) for name, test in tests.items()}
    assert words["agreement/local"] == ("failed", "fail")
    assert words["a/undecided"] == ("failed", "undecided")
    assert words["a/deviates"] == ("other", "known deviation")
    assert words["hyperparameters/refused"] == ("other", "should")
    assert words["a/not-run"] == ("skipped", "not run")
    assert words["a/passes"] == ("passed", "pass")
    failed = tests["agreement/local"]
    assert (failed["filePath"], failed["line"], failed["duration"]) == ("mypkg/changed.py", 15, 250)
    assert failed["message"] == "mypkg.changed:MyAdamW: this is adam(epsilon=inside)"
    assert "got: -0.75" in failed["trace"]


def test_a_test_is_known_again_in_the_next_run(tmp_path: Path) -> None:
    """Identifiers are made of names alone, and are those of no other test."""
    first, second = (results_of(red(), tmp_path / name)["tests"] for name in "ab")
    assert [test["id"] for test in first] == [test["id"] for test in second]
    assert len({uuid.UUID(test["id"]) for test in first}) == len(first)


def test_times_are_those_of_the_run(tmp_path: Path) -> None:
    """It ended when the caller says, and began so many milliseconds before."""
    summary = results_of(conforming(), tmp_path)["summary"]
    assert (summary["stop"] - summary["start"], summary["duration"]) == (7500, 7500)
    assert summary["stop"] == 1772368200000
    assert summary["extra"] == {"outcome": "conforms"}


@pytest.mark.parametrize("name", BREAKS)
def test_a_document_is_red_where_the_run_is(name: str, tmp_path: Path) -> None:
    """Each gate alone makes a test fail."""
    change, outcome = BREAKS[name]
    assert outcome is not Outcome.CONFORMS
    assert results_of(weighed(sound()), tmp_path)["summary"]["failed"] == 0
    assert results_of(weighed(change(sound())), tmp_path)["summary"]["failed"] > 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str, tmp_path: Path) -> None:
    """The document fits the schema, and holds no control."""
    results_of(hostile(HOSTILE[name]), tmp_path)
    text = (tmp_path / "ctrf.json").read_text()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert len(text) < 200_000
