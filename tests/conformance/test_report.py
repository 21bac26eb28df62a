"""The views of a report tell the same, count only passes as passed, and need nothing from outside."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from conformance.commands.console import figures, matrix, not_applicable, overview
from conformance.engine import exhibits
from conformance.engine.verdict import Cell, CellResult, Figures, Finding, Verdict
from conformance.report import gates, model, totals, write_report
from conformance.report.cards import standings
from conformance.report.document import schema, schema_text
from conformance.report.matrix import matrices
from conformance.report.model import Outcome
from conformance.report.stored_power import StoredPower

SCHEMA = Path(model.__file__).with_name("schema.json")
CLAIM, OTHER = "agreement/local", "state/step-count"
NASTY = "a<b & \"c\" <script>alert('x')</script>"


def cell(dtype: str, claim: str = CLAIM) -> Cell:
    """Return a cell of one implementation."""
    return Cell("torch.AdamW", "single-tensor", "cpu", dtype, claim)


def finding() -> Finding:
    """Return a finding with text that HTML must escape."""
    return Finding(
        "0123456789",
        cell("float32"),
        NASTY,
        "θ",
        "update",
        "θ_t = θ",
        "<math><mi>θ</mi></math>",
        {"hyperparameters": {"eta": "0.5"}, "before": {"theta": "1"}, "switches": [], "tensors": [[1]], "stored": {}},
        ("0.5", "0.75"),
        ("0x1p-1", "0x1.8p-1"),
        "1",
        "0x1p+0",
        "1 width beyond its end",
        "by hand",
        "",
        "print(1 < 2)\n",
        "stepproof replay failures/0123456789.json",
    )


def results() -> tuple[CellResult, ...]:
    """Return one cell of every verdict."""
    judged = Figures(2, 1000, 3000, 0, 10, 100, 0.25, 0.75, (50, 50))
    wrong = Figures(2, 1000, 3000, 7, 0, 100, 0.25, 0.75, (50, 50))
    return (
        CellResult(cell("float64"), Verdict.PASS, "", judged, "as written"),
        CellResult(cell("float32"), Verdict.FAIL, "7 of 3,000 values are outside", wrong, "as written", (finding(),)),
        CellResult(cell("bfloat16"), Verdict.UNDECIDED, "no element-case could be decided", Figures(1)),
        CellResult(cell("float16"), Verdict.NOT_RUN, "no device"),
        CellResult(cell("float64", OTHER), Verdict.NOT_APPLICABLE, "it keeps no step count"),
        CellResult(cell("float32", OTHER), Verdict.ERROR, "the worker was killed by SIGKILL"),
    )


def report(cells: tuple[CellResult, ...]) -> model.Report:
    """Return a small report."""
    line = exhibits.AssignmentEntry("update", "<math><mi>θ</mi></math>", "θ_t = θ − η·g", ())
    mutants = tuple(
        model.MutantEntry(status, status, "θ_t <- θ", "a cell" if status == "killed" else "")
        for status in ("killed", "equivalent", "survived")
    )
    rule = model.RuleEntry(
        "adam",
        "Adam",
        "a citation",
        (model.OptionValue("decay", "none", NASTY),),
        (model.HyperparameterEntry("<math><mi>η</mi></math>", "lr", "0.001", "[0, ∞)", "learning rate"),),
        (model.StateEntry("<math><mi>m</mi></math>", "exp_avg", "0", "first moment"),),
        (model.VariantEntry("adam()", {"decay": "none"}, (line,), mutants),),
        (
            model.ProofEntry("a/claim", "It holds.", "a source", "proven", 2, "induction"),
            model.ProofEntry("another/claim", "It may hold.", "a source", "not proven", 1, "none"),
        ),
    )
    properties = tuple(model.PropertyEntry(name, f"{name} holds.", "a source") for name in (CLAIM, OTHER))
    item = model.ImplementationEntry(
        "torch.AdamW", "torch.optim:AdamW", "adam", "adamw", "torch 2.13.0", {"single-tensor on cpu": "as written"}
    )
    return model.Report(
        "0.1.0",
        "stepproof report",
        0,
        10,
        {"torch": "2.13.0", "python": "3.11"},
        (rule,),
        properties,
        (item,),
        cells,
        (),
        ("not run: no CUDA device",),
    )


def sound() -> model.Report:
    """Return a report in which every gate is met or not measured."""
    whole = report(tuple(r for r in results() if r.verdict is Verdict.PASS))
    (rule,) = whole.rules
    (variant,) = rule.variants
    variant = dataclasses.replace(variant, mutants=variant.mutants[:2])
    rule = dataclasses.replace(rule, variants=(variant,), proofs=rule.proofs[:1])
    return dataclasses.replace(whole, rules=(rule,), not_run=())


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    """Return the text of every view."""
    return {name: path.read_text() for name, path in write_report(report(results()), tmp_path).items()}


def test_the_page_needs_nothing_from_outside(written: dict[str, str]) -> None:
    """The page has no script and loads nothing over a network."""
    page = written["html"]
    assert "<script" not in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert not re.search(r"url\((?!#)|@import", page)


def test_text_from_a_case_is_escaped(written: dict[str, str]) -> None:
    """Angle brackets of a sentence stay text."""
    assert "&lt;script&gt;" in written["html"]


def test_every_verdict_is_said_in_its_word(written: dict[str, str]) -> None:
    """The page and the summary name each verdict that occurs."""
    occurring = {result.verdict for result in results()}
    assert len(occurring) == 6
    for verdict in occurring:
        assert str(verdict) in written["html"], verdict
        assert str(verdict) in written["markdown"], verdict


def test_only_passes_count_as_passed() -> None:
    """Undecided, error, not run and not applicable are no passes."""
    assert totals.tested(results()).verdicts[Verdict.PASS] == 1
    assert "1 pass" in totals.verdict_sentence(report(results())).replace("passes", "pass")
    undecided = tuple(r for r in results() if r.verdict is Verdict.UNDECIDED)
    assert gates.outcome(report(undecided)) is Outcome.NOT_JUDGED


def test_what_was_not_run_keeps_a_pass_from_being_whole() -> None:
    """With a device missing the whole is not called passed."""
    held = dataclasses.replace(sound(), not_run=("not run: no CUDA device",))
    assert gates.outcome(held) is Outcome.CONFORMS
    assert gates.overall(held) is Verdict.NOT_RUN
    assert gates.headline(held) == "Conforms, as far as it was run"


def test_the_json_holds_the_results(written: dict[str, str]) -> None:
    """The JSON has a name, a version and every cell with its verdict."""
    data = json.loads(written["json"])
    assert (data["schema"], data["schema_version"]) == (model.SCHEMA_NAME, model.SCHEMA_VERSION)
    assert sorted(r["verdict"] for r in data["results"]) == sorted(str(r.verdict) for r in results())


def test_the_console_prints_figures_of_each_kind() -> None:
    """Tested, power and proven are three lines; a survivor is named."""
    text = "\n".join(figures(report(results())))
    assert "2,000 element-cases" in text
    assert "1 of 3 formula mutants killed, 1 proven equivalent, 1 survived" in text
    assert "1 of 2 claims" in text
    assert "survived: survived" in text


def test_a_stored_measurement_is_told_with_its_date_and_as_none_of_this_run(tmp_path: Path) -> None:
    """Console, page and summary say when and with which torch it was measured; without one they say nothing of it."""
    stored = StoredPower("2026-11-30", "2.13.0", 150, 149, 145, 1)
    held = dataclasses.replace(report(results()), stored_power=stored)
    said = "149 of 150 faulty optimizers and schedulers found, 145 named right, 1 called something else; "
    said += "stored on 2026-11-30 with torch 2.13.0, not of this run"
    paths = write_report(held, tmp_path)
    for text in ("\n".join(figures(held)), paths["html"].read_text(), paths["markdown"].read_text().replace("\\", "")):
        assert said in text
    assert "faulty optimizers" not in "\n".join(figures(report(results())))


def test_a_property_that_applies_nowhere_leaves_the_table_for_a_sentence() -> None:
    """A property with nothing but not applicable has no row; its reason is printed."""
    alone = tuple(r for r in results() if r.verdict in {Verdict.NOT_APPLICABLE, Verdict.PASS})
    assert matrix(alone).row_count == 1
    assert not_applicable(alone) == [f"{OTHER}: it keeps no step count"]


def test_many_implementations_are_an_overview_with_one_row_for_each_path() -> None:
    """Of an implementation with one path there is one row that counts its verdicts, finest format first."""
    table = overview(report(results()))
    header, *columns = ((column.header, *column.cells) for column in table.columns)
    assert header[1:] == ("torch.AdamW",)
    assert columns == [
        ("float64", "[green]✓1[/]"),
        ("float32", "[bold red]✗1[/] [bold red]!1[/]"),
        ("bfloat16", "[yellow]?1[/]"),
        ("float16", "[dim]·1[/]"),
    ]


def test_paths_that_differ_stand_below_their_property() -> None:
    """Two paths with other verdicts have a row each below the property, and alike ones share one."""
    passing = results()[0]
    others = [dataclasses.replace(passing.cell, path=name) for name in ("foreach", "fused")]
    alike = (passing, *(dataclasses.replace(passing, cell=other) for other in others))
    assert matrix(alike).row_count == 1
    broken = dataclasses.replace(results()[1], cell=others[1])
    assert [str(text).strip() for text in matrix((*alike[:2], broken)).columns[0].cells] == [
        CLAIM,
        "[dim]foreach, single-tensor[/]",
        "[dim]fused[/]",
    ]


def deviating(dtype: str, identifier: str, script: str) -> CellResult:
    """Return a cell that a deviation of the ledger explains, with its finding."""
    shown = dataclasses.replace(finding(), identifier=identifier, cell=cell(dtype), script=script)
    return CellResult(cell(dtype), Verdict.DEVIATION, "as known", Figures(1), "as written", (shown,), "entry")


def test_a_deviation_is_shown_by_its_shortest_script_and_names_the_others(tmp_path: Path) -> None:
    """A reader gets one case of each property whole; every other keeps its place and its file."""
    cells = (deviating("float64", "aaaaaaaaaa", "a_longer = script\n"), deviating("float32", "bbbbbbbbbb", "x\n"))
    entry = model.DeviationEntry("entry", "torch.AdamW", "", "It does otherwise.", "", "", "in force")
    page = write_report(dataclasses.replace(report(cells), deviations=(entry,)), tmp_path)["html"].read_text()
    assert '<a href="failures/bbbbbbbbbb.py">' in page
    assert (tmp_path / "failures" / "bbbbbbbbbb.py").read_text() == "x\n"
    assert 'id="finding-aaaaaaaaaa"' in page
    assert "failures/aaaaaaaaaa.py" in page


def test_deviations_that_are_known_together_stand_each_with_their_cells(tmp_path: Path) -> None:
    """An entry that explains a cell beside another one names that cell, and the cell names both."""
    both = dataclasses.replace(deviating("float32", "aaaaaaaaaa", "x\n"), further=("beside", "third"))
    entries = tuple(
        model.DeviationEntry(name, "torch.AdamW", "", f"It is {name}.", "", "", "in force")
        for name in ("entry", "beside", "third", "elsewhere")
    )
    whole = dataclasses.replace(report((both,)), deviations=entries)
    cells = {standing.entry.identifier: standing.cells for standing in standings(whole)}
    assert cells == {"entry": (both.cell,), "beside": (both.cell,), "third": (both.cell,), "elsewhere": ()}
    page = write_report(whole, tmp_path)["html"].read_text()
    assert page.count("no cell of this run") == 1 + page.count('title="no cell of this run"')
    for name in ("entry", "beside", "third"):
        assert f'<p><a href="#deviation-{name}">' in page
    assert page.count('id="finding-aaaaaaaaaa"') == 1


def test_formats_that_say_the_same_share_a_square_of_the_matrix() -> None:
    """A property's line is as short as what it says."""
    same = CellResult(cell("float64"), Verdict.NOT_APPLICABLE, "it keeps no step count")
    cells = (
        same,
        dataclasses.replace(same, cell=cell("float32")),
        dataclasses.replace(same, cell=cell("float16"), reason="x"),
    )
    table = matrices(report(cells))[0]
    assert [span.columns for _, spans in table.groups[0].rows[0].lines() for span in spans] == [2, 1]


def test_the_schema_is_that_of_the_model() -> None:
    """The committed file is what the dataclasses give: write `schema_text()` anew where they changed."""
    assert SCHEMA.read_text() == schema_text()


def test_a_report_fits_the_schema(written: dict[str, str]) -> None:
    """The JSON that is written is valid by the committed schema, and has no key that it does not name."""
    schema = json.loads(SCHEMA.read_text())
    for entry in schema["$defs"].values():
        if entry.get("type") == "object":
            entry["additionalProperties"] = False
    jsonschema.Draft202012Validator(schema).validate(json.loads(written["json"]))


def test_a_report_with_a_field_of_a_later_release_fits_the_schema(written: dict[str, str]) -> None:
    """A field more breaks no reader, and a field less does."""
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    later = json.loads(written["json"])
    later["results"][0]["of a later release"] = 1
    validator.validate(later)
    del later["results"][0]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="verdict"):
        validator.validate(later)


def test_the_promise_of_the_json_names_every_field_and_the_version() -> None:
    """docs/report-json.md lists the fields at the top, and its newest version is the one that is written."""
    text = (SCHEMA.parents[2] / "docs" / "report-json.md").read_text()
    fields, versions = (part.partition("\n## ")[0] for part in text.split("\n## ")[-2:])
    named = {name for row in re.findall(r"^\| (`.*?) \|", fields, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(schema()["$defs"]["Report"]["properties"])
    assert int(re.findall(r"^\| (\d+) ", versions, re.MULTILINE)[0]) == model.SCHEMA_VERSION


def test_what_holds_nothing_is_left_out_of_cells_and_a_profile_stands_once(tmp_path: Path) -> None:
    """A cell that was not judged has no ratios, a tested one has them, and both name their profile by its key."""
    tested, idle = (dataclasses.replace(result, profile="float32, one form") for result in results()[:2])
    idle = dataclasses.replace(idle, figures=Figures())
    document = json.loads(write_report(report((tested, idle)), tmp_path)["json"].read_text())
    assert document["cell_profiles"] == {"profile 1": "float32, one form"}
    assert [result["profile"] for result in document["results"]] == ["profile 1"] * 2
    assert document["results"][0]["figures"]["ratio_sample"] > 0
    assert document["results"][1].keys() <= {"cell", "verdict", "figures", "profile", "reason", "findings"}
    assert document["results"][1]["figures"] == {}
    assert "crash" not in document["results"][0]


def test_a_known_deviation_has_its_script_in_a_file_alone(tmp_path: Path) -> None:
    """The JSON holds the scripts of what fails, of everything else their files, and no indentation."""
    failing = results()[1]
    long = dataclasses.replace(finding(), script="x = 1\n" * 10_000)
    known = dataclasses.replace(failing, verdict=Verdict.DEVIATION, findings=(long,), deviation="an-entry")
    told = dataclasses.replace(failing, findings=(dataclasses.replace(finding(), identifier="1", script="y = 2"),))
    text = write_report(report((known, told)), tmp_path)["json"].read_text()
    assert "\n" not in text.rstrip("\n")
    written = [each for result in json.loads(text)["results"] for each in result["findings"]]
    assert [each["script"] for each in written] == ["", "y = 2"]
    assert [(tmp_path / each["script_file"]).read_text() for each in written] == [long.script, "y = 2"]


def test_lines_of_a_program_align_at_their_equals_sign(tmp_path: Path) -> None:
    """The page cuts a line of MathML at its first equals sign, and shows text where there is none."""
    whole = report(results())
    (rule,) = whole.rules
    line = exhibits.AssignmentEntry(
        "update",
        "<math><mrow><mi>a</mi><mo>=</mo><mrow><mi>b</mi><mo>=</mo><mi>c</mi></mrow></mrow></math>",
        "a = b",
        (exhibits.FormEntry("plain", "", "a <= b", proven=True),),
    )
    variant = dataclasses.replace(rule.variants[0], program=(line,))
    whole = dataclasses.replace(whole, rules=(dataclasses.replace(rule, variants=(variant,)),))
    page = write_report(whole, tmp_path)["html"].read_text()
    assert '<td class="left"><math display="block"><mi>a</mi></math></td>' in page
    right = '<td class="right"><math display="block"><mrow></mrow><mo>=</mo><mrow><mi>b</mi>'
    assert right in page
    assert "<code>a &lt;= b</code>" in page


def test_matplotlib_is_imported_where_something_is_drawn() -> None:
    """The command line starts without it, since it costs every command a part of a second."""
    asked = "import sys, conformance.cli; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
