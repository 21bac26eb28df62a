"""The statement is taken by in-toto's own reader, and says of which files it speaks."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult as Predicate
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Message

from conformance.exchange.occasion import SourcePlace
from conformance.report import model, write_report
from conformance.report.gates import weighed
from tests.conformance.test_gates import BREAKS, sound
from tests.exchange.example_reports import HOSTILE, MINE, conforming, hostile, parsed, red, written


def taken(document: dict[str, Any]) -> Any:
    """Return the predicate of a statement that the reader takes, by its published definition."""
    message = json_format.ParseDict(document, Message())
    Statement.copy_from_pb(message).validate()
    assert message.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    return json_format.ParseDict(document["predicate"], Predicate())


def predicate_of(whole: model.Report, folder: Path) -> Any:
    """Return the predicate of a report."""
    return taken(parsed(whole, folder, "in-toto"))


def test_checks_are_listed_by_how_they_ended(tmp_path: Path) -> None:
    """What is undecided has failed, what deviates as known has a warning, and what did not apply is in no list."""
    predicate = predicate_of(red(), tmp_path)
    suite = "mypkg.changed:MyAdamW default cpu float32"
    assert predicate.result == "FAILED"
    assert {f"{suite} agreement/local", f"{suite} a/undecided", f"{suite} a/ours"} <= set(predicate.failed_tests)
    assert list(predicate.warned_tests) == [f"{suite} hyperparameters/refused", f"{suite} a/deviates"]
    assert f"{suite} a/passes" in predicate.passed_tests
    every = [*predicate.passed_tests, *predicate.warned_tests, *predicate.failed_tests]
    assert f"{suite} a/no" not in every
    assert f"{suite} a/not-run" not in every


def test_the_subjects_are_the_judged_files(tmp_path: Path) -> None:
    """Each has its digest."""
    source = SourcePlace("mypkg/changed.py", hashlib.sha256(b"x").hexdigest())
    path = written(red(), tmp_path, "in-toto", sources={MINE: source}).paths[0]
    document = json.loads(path.read_text())
    taken(document)
    assert document["subject"] == [{"name": source.path, "digest": {"sha256": source.sha256}}]


def test_without_a_file_the_subject_is_the_report_as_it_is_written(tmp_path: Path) -> None:
    """The digest is that of the bytes of report.json beside it."""
    (subject,) = parsed(conforming(), tmp_path, "in-toto")["subject"]  # type: ignore[misc]
    whole = write_report(conforming(), tmp_path)["json"].read_bytes()
    assert subject == {"name": "report.json", "digest": {"sha256": hashlib.sha256(whole).hexdigest()}}


def test_the_configuration_says_how_it_was_judged(tmp_path: Path) -> None:
    """Seed, budget and versions are there, with a digest of just that."""
    predicate = predicate_of(conforming(), tmp_path)
    assert predicate.result == "PASSED"
    first = predicate.configuration[0]
    assert hashlib.sha256(first.content).hexdigest() == first.digest["sha256"]
    said = json.loads(first.content)
    assert (said["seed"], said["budget"], said["environment"]["torch"]) == (3, 2, "2.13.0")
    document = parsed(conforming(), tmp_path, "in-toto")
    predicate_document: Any = document["predicate"]
    assert json.loads(base64.b64decode(predicate_document["configuration"][0]["content"])) == said


@pytest.mark.parametrize("name", BREAKS)
def test_a_statement_fails_where_the_run_does(name: str, tmp_path: Path) -> None:
    """Each gate alone keeps it from being passed."""
    change, _ = BREAKS[name]
    assert predicate_of(weighed(change(sound())), tmp_path).result == "FAILED"
    assert predicate_of(weighed(sound()), tmp_path).result == "PASSED"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str, tmp_path: Path) -> None:
    """The reader takes the statement, with as many tests as there are."""
    predicate = predicate_of(hostile(HOSTILE[name]), tmp_path)
    assert len([test for test in predicate.failed_tests if not test.startswith("gates ")]) == 3
    assert all("\n" not in test for test in predicate.failed_tests)
