"""Annotations are commands as a runner reads them, and code under test gives none."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from conformance.engine.verdict import Cause, Level
from conformance.report import model
from conformance.report.gates import weighed
from conformance.report.model import Outcome
from tests.conformance.test_gates import BREAKS, sound
from tests.exchange.example_reports import HOSTILE, MINE, PLACE, cell, failing, hostile, red, report, written

COMMAND = re.compile(r"::(?P<kind>[a-z-]+) (?P<properties>[^\n]*?)::(?P<message>[^\n]*)")
KINDS = {"error", "warning", "notice"}


def unescaped(text: str) -> str:
    """Return what a runner makes of a value."""
    for written_as, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written_as, character)
    return text


def commands(whole: model.Report, folder: Path) -> list[tuple[str, dict[str, str], str]]:
    """Return the kind, the properties and the message of every command that is printed; every line is one."""
    found = []
    for text in written(whole, folder, "annotations").printed.splitlines():
        match = COMMAND.fullmatch(text)
        assert match is not None, text
        pairs = [pair.split("=", 1) for pair in match["properties"].split(",")]
        found.append((match["kind"], {name: unescaped(value) for name, value in pairs}, unescaped(match["message"])))
    return found


def test_a_cause_is_an_annotation_at_the_users_own_line(tmp_path: Path) -> None:
    """What must hold is an error, what should a warning; what was not run is one notice."""
    told = commands(red(), tmp_path)
    problems = [(kind, where) for kind, where, _ in told if "file" in where]
    place = {"file": "mypkg/changed.py", "line": "15"}
    assert problems == [
        ("error", {**place, "title": f"{MINE}: this is adam(epsilon=inside)"}),
        ("warning", {**place, "title": f"{MINE}: lr=nan at construction: accepted"}),
    ]
    assert told[-1] == ("notice", {"title": "stepproof"}, "not run: no CUDA device")
    assert any("got: -0.75" in message and "\n" in message for _, _, message in told)


def test_at_most_ten_of_a_kind_are_printed_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Of 25 errors and 12 warnings ten are shown each."""
    levels = [Level.MUST] * 25 + [Level.SHOULD] * 12
    results = [failing(cell(f"a/{n}"), level, identifier=str(n)) for n, level in enumerate(levels)]
    causes = tuple(Cause(MINE, f"{n}", r.level, "", PLACE, f"{n}", (r.cell,)) for n, r in enumerate(results))
    told = commands(report(results, causes), tmp_path)
    kinds = [kind for kind, _, _ in told]
    assert {kind: kinds.count(kind) for kind in KINDS} == {"error": 10, "warning": 10, "notice": 1}
    assert told[-1][2] == "15 errors and 2 warnings beside these: see report.html"


@pytest.mark.parametrize("name", BREAKS)
def test_a_run_that_does_not_conform_has_an_error(name: str, tmp_path: Path) -> None:
    """Each gate alone gives one, and a run that conforms none."""
    change, outcome = BREAKS[name]
    assert outcome is not Outcome.CONFORMS
    assert "error" in {kind for kind, _, _ in commands(weighed(change(sound())), tmp_path)}
    assert "error" not in {kind for kind, _, _ in commands(weighed(sound()), tmp_path)}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gives_no_command(name: str, tmp_path: Path) -> None:
    """Each line is one of ours, of a kind of ours, with properties of ours."""
    told = commands(hostile(HOSTILE[name]), tmp_path)
    assert {kind for kind, _, _ in told} <= KINDS
    assert all(set(where) <= {"file", "line", "title"} for _, where, _ in told)
    assert all("\n" not in value for _, where, _ in told for value in where.values())
    assert len([where for kind, where, _ in told if kind != "notice" and "gate" not in where["title"][:20]]) >= 2
    assert sum(len(message) for _, _, message in told) < 100_000


def test_an_escaped_message_is_the_message(tmp_path: Path) -> None:
    """What a runner reads is what was said, percents too."""
    said = "100% of 5%0A, a: b"
    cause = dataclasses.replace(red().causes[1], title=said)
    told = commands(dataclasses.replace(red(), causes=(cause,)), tmp_path)
    assert f"{MINE}: {said}" in {where["title"] for _, where, _ in told}
