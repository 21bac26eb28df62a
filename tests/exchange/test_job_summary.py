"""The summary of a job fits on its page beside what is there, says what it leaves out, and is text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from conformance.engine.verdict import Cause, Cell, CellResult, Figures, Level, Verdict
from conformance.exchange import job_summary
from conformance.exchange.formats import write_formats
from conformance.report import model
from conformance.report.safety import made_safe
from tests.exchange.example_reports import DATE, HOSTILE, MINE, PLACE, cell, conforming, failing, hostile, red, report

MIB = 1024 * 1024
OURS = {
    "h2",
    "h3",
    "p",
    "strong",
    "em",
    "code",
    "ul",
    "li",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "br",
}


class Tags(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page(text: str) -> str:
    """Return the page that GitHub's own reader makes, with all HTML that stands in it."""
    return str(github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))


def test_causes_come_first_then_the_table(tmp_path: Path) -> None:
    """Title, what it does instead, how much it explains, where, its case, legal and got stand below the outcome."""
    text = job_summary.render(red())
    html = page(text)
    assert "<table>" in html
    assert text.index("### What is wrong") < text.index("### Matrix")
    for part in ("this is adam(epsilon=inside)", "it holds 27 runs", "2 cells", PLACE, "eta = 1", "-0.75"):
        assert part in html
    assert "3 findings of the causes above" in html


def test_the_summary_is_added_to_what_other_steps_wrote(tmp_path: Path) -> None:
    """What is there stays, and a blank line keeps the two apart."""
    path = tmp_path / "step"
    path.write_text("# theirs")
    write_formats(red(), ["job-summary"], tmp_path, date=DATE, job_page=path)
    text = path.read_text()
    assert text.startswith("# theirs\n\n## ✗ Does not conform")
    assert text.removeprefix("# theirs\n\n") == (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(("taken", "shown"), [(MIB - 3_000, "see summary.md"), (MIB - 10, ""), (MIB + 5, "")])
def test_a_page_never_grows_beyond_what_is_shown(taken: int, shown: str, tmp_path: Path) -> None:
    """Where there is little room the verdict is there alone, where there is none nothing is added."""
    path = tmp_path / "step"
    path.write_text("x" * taken)
    write_formats(red(), ["job-summary"], tmp_path, date=DATE, job_page=path)
    text = path.read_text()
    assert len(text.encode()) <= max(MIB, taken)
    assert ("Does not conform" in text, shown in text) == (bool(shown), True)
    assert (tmp_path / "summary.md").read_text().startswith("## ✗ Does not conform")


def test_a_page_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    (tmp_path / "step").symlink_to(tmp_path / "behind")
    with pytest.raises(OSError, match="is a link; name another file in GITHUB_STEP_SUMMARY"):
        write_formats(red(), ["job-summary"], tmp_path, date=DATE, job_page=tmp_path / "step")
    assert not (tmp_path / "behind").exists()


def large() -> model.Report:
    """Return a report with 400 causes, implementations, findings without a cause, reasons and deviations."""
    many = range(400)
    wrong = [failing(cell(f"a/{n}"), identifier=str(n)) for n in many]
    causes = tuple(Cause(MINE, f"cause {n}", Level.MUST, "d" * 200, PLACE, str(n), (wrong[n].cell,)) for n in many)
    alone = [failing(cell(f"b/{n}"), identifier=f"b{n}") for n in many]
    others = [
        CellResult(
            Cell(f"mypkg:O{n}{'o' * 200}", "default", "cpu", "float32", "a/b"),
            Verdict.UNDECIDED,
            f"reason {n}",
            Figures(1),
        )
        for n in many
    ]
    entries = tuple(model.DeviationEntry(f"e{n}", MINE, "", f"It is {n} {'y' * 60}.", "", "", "in force") for n in many)
    whole = report([*wrong, *alone, *others], causes)
    return dataclasses.replace(whole, deviations=entries, not_run=tuple(f"not run: {n} {'x' * 50}" for n in many))


def test_what_is_left_out_is_said() -> None:
    """Of each part as much is shown as has room, whole, and the rest is counted."""
    text = job_summary.render(large())
    assert len(text.encode()) < 220_000
    left = re.findall(r"\*(\d+) (\w+) of (\d+) left out here: see report\.html\.\*", text)
    assert [noun for _, noun, _ in left] == ["causes", "sentences", "rows", "findings", "reasons", "deviations"]
    assert {total for _, _, total in left} == {"400", "401"}
    assert text.count("- ✗ **cause") + int(left[0][0]) == 400
    assert text.count("smallest case") >= text.count("- ✗ **cause")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str) -> None:
    """No link, picture, mention, element or command of code under test is on the page."""
    text = job_summary.render(made_safe(hostile(HOSTILE[name])))
    tags = Tags(page(text))
    assert tags.found <= OURS
    assert tags.attributes == set()
    assert len(text) < 200_000
    assert Tags(page(job_summary.render(conforming()))).found <= OURS
