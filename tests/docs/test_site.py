"""What the site writes from code and specs is all that there is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from conformance.cli import COMMANDS
from conformance.configuration.settings import Configuration, OptimizerTable, SchedulerTable
from conformance.engine.ledger import FOLDER, load
from conformance.report.document import schema
from documentation import command_page, configuration_page, deviation_pages, schema_page, shipped_page
from documentation.formula_pages import rule_page, schedule_page
from spec import rules, schedules
from tests.docs.built_site import broken

ROOT = Path(__file__).parents[2]
HEADING = re.compile(r"^#+ (.*?)(?: \{ #(\S+) \})?$", re.MULTILINE)


def headings(text: str) -> list[str]:
    """Return the headings of a page."""
    return [found[1] for found in HEADING.finditer(text)]


def test_a_rule_has_its_formula_options_settings_states_and_proofs() -> None:
    """Each line stands there as MathML, each option value with what it changes, each claim as proven."""
    family = rules.family("sgd")
    text = rule_page(family)
    assert {"Formula", "Options", "Settings", "States", "Proofs", "Step size"} <= set(headings(text))
    assert all(f"### {option.name} = {value}" in text for option in family.options for value in [*option.values][1:])
    assert text.count("∎ proven") == len(family.claims)
    assert "not proven" not in text
    assert text.count("<math") > len(family.build().program)
    assert "`torch.SGD`" in text


def test_a_schedule_has_its_formula_and_a_curve_for_each_choice() -> None:
    """The closed form, its recurrence as a form, and a drawing."""
    text = schedule_page(schedules.family("exponential"))
    assert {"Formula", "Settings", "Proofs", "Curves"} <= set(headings(text))
    assert text.count("<svg") >= 1
    assert "recurrence" in text
    assert "`torch.ExponentialLR`" in text


def test_what_is_not_proven_is_not_called_so(monkeypatch) -> None:
    """A claim of which SymPy shows nothing is told as not proven, on the page that is written then."""
    family = schedules.family("linear")
    refused = [proof.__class__(proof.claim, proven=False, equations=1) for proof in _proofs(family)]
    monkeypatch.setattr("conformance.report.rule_section.kept_proofs", lambda _: tuple(refused))
    text = schedule_page(family)
    assert "∎ proven" not in text
    assert text.count("✗ not proven") == len(refused)


def _proofs(family):
    from spec.proofs import proofs

    return proofs(family)


def test_the_command_line_has_every_command_and_argument() -> None:
    """Each subcommand has a section, and each of its own commands; what a check is given stands in its table."""
    text = command_page.page()
    found = headings(text)[1:]
    assert [name for name in found if " " not in name] == list(COMMANDS)
    assert {"ledger add", "ledger check", "ledger prune"} <= set(found)
    check = text.partition("## check\n")[2].partition("\n## ")[0]
    assert all(f"`{name}`" in check for name in ("target", "--rule", "--schedule", "--dtype", "--budget", "--python"))


def test_every_object_of_the_report_has_its_keys() -> None:
    """A section for each definition of the schema, and a row for each key."""
    text = schema_page.page()
    objects = schema()["$defs"]
    assert set(headings(text)[1:]) == set(objects)
    assert text.count("\n| `") == sum(len(item.get("properties", {})) for item in objects.values())
    named = set(re.findall(r"\(#(\w+)\)", text))
    assert named <= {name.lower() for name in objects}


def test_every_key_of_a_configuration_has_its_meaning() -> None:
    """Each key of the gate, of an optimizer and of a scheduler stands in its table, with what it is for."""
    sections = configuration_page.page().split("\n## ")[1:]
    for section, table in zip(sections, (Configuration, OptimizerTable, SchedulerTable), strict=True):
        rows = re.findall(r"^\| `(\w+)` \| .* \| .* \| (.+) \|$", section, re.MULTILINE)
        assert sorted(name for name, _ in rows) == sorted(table.__struct_fields__)
        assert all(words.strip() for _, words in rows)
    assert len(sections) == 3


def test_every_known_deviation_has_a_place() -> None:
    """Each entry has a heading with its own name as the anchor; what reasons hold is no markup."""
    text = "\n".join(page for _, page in deviation_pages.pages())
    anchors = [found[2] for found in HEADING.finditer(text) if found[2]]
    assert sorted(anchors) == sorted(entry.identifier for entry in load())
    assert not re.search(r"(?<!\\)<", text)


def test_the_navigation_names_pages_that_there_are() -> None:
    """A page of the folder or one that is written; the folders in it have written pages."""
    written = {
        command_page.PATH,
        schema_page.PATH,
        configuration_page.PATH,
        shipped_page.PATH,
        *(path for path, _ in deviation_pages.pages()),
    }
    folders = {"reference/rules/*", "reference/schedules/*", "reference/deviations/*"}
    named = set(_paths(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert {name for name in named - folders - written if not (ROOT / "docs" / name).is_file()} == set()
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages <= named


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """To no file, to no name of a page, and to what lies outside of the site; others are not."""
    (tmp_path / "a").mkdir()
    right = '<a href="../index.html#x">1</a><a href="#">2</a><script src="code.js"></script><img src="data.png">'
    (tmp_path / "a" / "page.html").write_text(right)
    (tmp_path / "a" / "code.js").write_text("")
    (tmp_path / "index.html").write_text('<h1 id="x"></h1><a href="a/page.html#y">3</a><a href="//elsewhere/">4</a>')
    assert broken(tmp_path) == [
        ("a/page.html", "data.png"),
        ("index.html", "a/page.html#y"),
        ("index.html", "//elsewhere/"),
    ]


def _paths(entry: object) -> list[str]:
    if isinstance(entry, dict):
        entry = list(entry.values())
    return [path for item in entry for path in _paths(item)] if isinstance(entry, list) else [str(entry)]


def test_what_torch_does_otherwise_stands_beside_what_is_shipped() -> None:
    """Every deviation of torch in a rule or schedule that is shipped has a row with its script, and no other has."""
    text = shipped_page.page()
    rows = [entry for entry in load(FOLDER / "torch.toml") if f"`{entry.properties[0]}`" in text]
    told = {entry.identifier for entry in shipped_page.entries()}
    assert {"torch-float32-step-counter", "torch-base-load-aliases-the-source"} <= told
    assert not {name for name in told if name.startswith(("torch-asgd", "torch-lbfgs", "torch-rprop"))}
    assert text.count("\n| `") == len(told) <= len(rows)
    assert "[script](../faults/torch.md#the-step-count-stops-at-224)" in text
