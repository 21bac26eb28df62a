"""The table of the ecosystem says of every class what its report holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import main as stepproof
from conformance.commands import ecosystem, ecosystem_page
from conformance.report import write_report
from conformance.report.gates import weighed
from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION
from impls.libraries import LIBRARIES
from tests.conformance.test_report import report as written
from tests.conformance.test_report import results

KNOWN = "torch-sgd-accepts-nan"


def cell(name: str, prop: str, verdict: str, level: str = "must", deviation: str = "") -> dict[str, object]:
    """Return a result as the JSON has it."""
    where = {"implementation": name, "path": "default", "device": "cpu", "dtype": "float32", "property": prop}
    figures = {"values": 1000}
    return {"cell": where, "verdict": verdict, "level": level, "deviation": deviation, "figures": figures}


def report(**changed: object) -> dict[str, object]:
    """Return a report of one class whose formula holds and whose contract does not."""
    mutants = [{"status": status} for status in ("killed", "killed", "survived", "equivalent")]
    whole = {
        "schema": SCHEMA_NAME,
        "schema_version": SCHEMA_VERSION,
        "seed": 0,
        "budget": 2,
        "outcome": "does not conform",
        "gate_outcomes": [{"enforced": True, "status": "not met", "observed": 1, "counts": "cells that fail"}],
        "implementations": [
            {"identifier": "lib.Fast", "framework": "lib 1.0", "claims": "sgd (decay=coupled)", "rule": "sgd"}
        ],
        "results": [
            cell("lib.Fast", "agreement/local", "pass"),
            cell("lib.Fast", "state/round-trip", "fail"),
            cell("lib.Fast", "history/empty-beside", "known deviation", deviation=KNOWN),
            cell("lib.Fast", "groups/tensor-twice", "fail", "should"),
            cell("other.Slow", "agreement/local", "fail"),
        ],
        "rules": [{"name": "sgd", "mutants": mutants, "variants": [{"mutants": list(range(len(mutants)))}]}],
        "causes": [
            {
                "implementation": "lib.Fast",
                "level": "must",
                "title": "loading <b>forgets</b> | all",
                "diagnosis": "it is\nempty",
                "explains": [{}, {}],
            }
        ],
        "deviations": [],
    }
    return {**whole, **changed}


def row(text: str) -> list[str]:
    """Return the cells of the row of the class."""
    (line,) = (line for line in text.splitlines() if line.startswith("| [lib"))
    return [part.strip() for part in line.strip("|").split(" | ")]


def test_a_row_tells_the_formula_from_the_contract_and_must_from_should() -> None:
    """Each verdict is counted in its column, and cells of another class in none."""
    name, claims, formula, must, should, known, power = row(ecosystem_page.table([report()]))
    assert "lib.Fast" in name
    assert claims == "sgd (decay=coupled)"
    assert formula == '<span class="pass">✓&#8239;1</span>'
    assert must == '<span class="fail">✗&#8239;1 ◆&#8239;1</span>'
    assert should == '<span class="should">△&#8239;1</span>'
    assert known == "1"
    assert power == "2&#8239;/&#8239;3"


def test_a_report_as_it_is_written_has_all_that_the_table_reads(tmp_path: Path) -> None:
    """Every key is one of the report's own: a run of five verdicts makes a page."""
    write_report(weighed(written(results())), tmp_path)
    held = ecosystem_page.read(tmp_path / "report.json")
    (line,) = (line for line in ecosystem_page.table([held]).splitlines() if line.startswith("| [torch.AdamW]"))
    assert "✓" in line
    assert "✗" in line
    assert "## torch.AdamW" in ecosystem_page.details([held])


def test_a_run_that_does_not_conform_says_why() -> None:
    """The outcome stands above the rows with the gates that are not met."""
    text = ecosystem_page.table([report()])
    assert "## lib 1.0" in text
    assert "does not conform (1 cells that fail)" in text
    assert "4 cells in float32" in text


def test_what_does_not_apply_is_no_pass() -> None:
    """A class of which the contract does not speak has no tick there."""
    held = report(results=[cell("lib.Fast", "state/round-trip", "not applicable")])
    assert row(ecosystem_page.table([held]))[2:5] == ["–", "–", "–"]


def test_a_class_links_to_what_deviates_and_what_is_new() -> None:
    """A known deviation by its entry; a cause escaped, on one line."""
    link = row(ecosystem_page.table([report()]))[0].partition("#")[2].rstrip(")")
    text = ecosystem_page.details([report()])
    assert f"{{ #{link} }}" in text
    assert f"[{KNOWN}](reference/deviations/torch.md#{KNOWN}), 1 cell" in text
    assert r"**loading \<b\>forgets\</b\> \| all**, 2 cells. it is empty" in text


def test_two_versions_of_a_library_have_places_of_their_own() -> None:
    """The same class in another version is another row with another anchor."""
    later = report()
    later["implementations"][0]["framework"] = "lib 2.0"
    lines = [
        line for line in ecosystem_page.table([report(), later]).splitlines() if line.startswith(("## lib", "| [lib"))
    ]
    assert [line for line in lines if line.startswith("## ")] == ["## lib 1.0", "## lib 2.0"]
    assert len(set(lines)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [("{}", "is no report.json"), ("[", "is no report.json"), (json.dumps(report(schema_version=1)), "judge anew")],
)
def test_what_is_no_report_is_refused(text: str, said: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """The file is named with what to do, and no page is written."""
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(text)
    assert ecosystem_page.main(["report.json"]) == 2
    assert said in capsys.readouterr().err
    assert not Path("docs").exists()


def test_every_environment_is_judged_by_a_command_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their names differ, each judges what it installs, and a gate of classes reads its configuration."""
    monkeypatch.setattr(ecosystem, "FOLDER", tmp_path)
    items = ecosystem.environments()
    assert len({item.name for item in items}) == len(items) > 3
    for item in items:
        assert bool(item.libraries) is not bool(item.classes)
        assert set(item.libraries) <= {"torch", *LIBRARIES}
    (gated,) = (item for item in items if item.classes)
    for item in items:
        for arguments in ecosystem.judging(item):
            assert {"step()", "float32"} & set(arguments)
    (arguments,) = ecosystem.judging(gated)
    assert stepproof([*arguments, "--property", "no/such"]) == 2
    assert "no/such" in capsys.readouterr().err


def test_an_environment_that_nobody_described_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names what was asked for and what there is."""
    with pytest.raises(SystemExit) as end:
        ecosystem.main(["torch-1.0"])
    assert end.value.code == 2
    assert "there is no environment `torch-1.0`; name one of torch-2.13.0" in capsys.readouterr().err


def test_what_cannot_be_installed_is_named_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pages are written of what was judged, and the status is not that of success."""
    told: list[str] = []
    monkeypatch.setattr(ecosystem, "FOLDER", tmp_path)
    monkeypatch.setattr(ecosystem.venv, "create", lambda folder, with_pip: None)
    monkeypatch.setattr(ecosystem, "_ran", lambda command: _as_if_run([str(part) for part in command]))
    monkeypatch.setattr(ecosystem_page, "main", lambda paths: told.extend(paths) or 0)
    assert ecosystem.main([]) == 1
    assert "torch-2.15.0 could not be installed or judged" in capsys.readouterr().err
    assert [Path(path).parts[-3] for path in told] == [
        *("torch-2.13.0", "torch-2.13.0", "torch-2.14.1", "torch-2.14.1"),
        *("libraries", "libraries", "further"),
    ]


def _as_if_run(command: list[str]) -> int:
    """Write a report where one is asked for; one package is not to be had."""
    if "--output" in command:
        folder = Path(command[command.index("--output") + 1])
        folder.mkdir(parents=True)
        (folder / "report.json").write_text("{}")
    return int("torch==2.15.0" in command)
