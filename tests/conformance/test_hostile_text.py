"""Whatever code under test says, every view is written, shows it as text and stays short."""

from __future__ import annotations

import dataclasses
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.cli import main
from conformance.commands.console import show_report
from conformance.engine import exhibits
from conformance.engine.safe_text import LONGEST, MOST_LINES, safe_text
from conformance.engine.verdict import Cell, CellResult, Figures, Finding, Verdict
from conformance.report import model, write_report
from conformance.report.writing import write_text

HOSTILE = {
    "a lone surrogate and NUL": ("\udc80\x00", r"\udc80\x00"),
    "escape sequences and a bell": ("\x1b[31mred\x1b[2J\x07", r"\x1b[31mred\x1b[2J\x07"),
    "C1 controls": ("\x9b2J", r"\x9b2J"),
    "a carriage return": ("good\rbad", r"good\rbad"),
    "text that turns its direction": ("\u202egnp.exe", r"\u202egnp.exe"),
    "mark-up of a page": ("</pre><script>alert(1)</script>", "</pre><script>alert(1)</script>"),
    "mark-up of the console": ("[bold]x[/] [/nothing] \\", "[bold]x[/] [/nothing] \\"),
    "a name of an emoji": (":bug:", ":bug:"),
    "a table of Markdown": ("| a | `b` <br> |", "| a | `b` <br> |"),
}
ENDLESS = "z" * 10_000_000


RAISING = """
import torch


class SGD(torch.optim.SGD):
    def step(self, closure=None):
        if sum(p.numel() for p in self.param_groups[0]["params"]) < 16:  # those of a first look
            return super().step(closure)
        raise ValueError("\\udc80\\x00 \\x1b[31mred\\x1b[2J\\x07 [/bold] <script>" + "z" * 1_000_000)
"""


def test_an_optimizer_that_says_such_things_gets_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run ends with a status of its own, all views are there, and the message is shown as text."""
    path, output = tmp_path / "raising.py", tmp_path / "output"
    path.write_text(RAISING)
    given = [
        "--budget",
        "1",
        "--property",
        "agreement/local",
        "--path",
        "single-tensor",
        "--dtype",
        "float32",
        "--jobs",
        "1",
    ]
    status = main(["check", f"{path}:SGD", "--rule", "sgd", *given, "--output", str(output)])
    captured = capsys.readouterr()
    assert status in {1, 2}
    for view in (captured.out, captured.err, *(p.read_text() for p in output.iterdir() if p.is_file())):
        assert "\x1b" not in view
        assert "\x07" not in view
        assert len(view) < 500_000
    assert "<script" not in (output / "report.html").read_text()
    assert "\\udc80" in captured.out + captured.err


def hostile(text: str) -> model.Report:
    """Return a report in which code under test says ``text`` wherever it can."""
    places = [Cell("mine.Optimizer", "single-tensor", "cpu", "float32", f"a/{i}") for i in range(3)]
    case = {
        "switches": text,
        "hyperparameters": {"eta": "0.5"},
        "before": {},
        "tensors": text,
        "stored": {"text": text, "value": float("nan")},
        text[:50]: text,
    }
    finding = Finding(
        "0123456789",
        places[0],
        text,
        text,
        "",
        text,
        "<mi>θ</mi>",
        case,
        (text, text),
        (text, text),
        text,
        text,
        text,
        text,
        text,
        f"print({text[:50]!r})\n",
        text,
    )
    results = (
        CellResult(places[0], Verdict.FAIL, text, Figures(1), text, (finding,)),
        CellResult(places[1], Verdict.ERROR, text),
        CellResult(places[2], Verdict.DEVIATION, text, deviation="entry"),
    )
    deviation = model.DeviationEntry("entry", "mine.Optimizer", text, text, text, text, "in force")
    item = model.ImplementationEntry("mine.Optimizer", "mine:Optimizer", "adam", "adam", "torch 2.13.0", {})
    return model.Report("0", "stepproof", 0, 2, {}, (), (), (item,), results, (deviation,), (text,))


def printed(report: model.Report) -> str:
    """Return what the console shows."""
    stream = StringIO()
    show_report(Console(file=stream, width=10_000, highlight=False, emoji=False), report, "build")
    return stream.getvalue()


def invisible(text: str) -> set[str]:
    """Return the characters that a terminal or a page might obey."""
    return {c for c in text if not c.isprintable() and c not in "\n\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_as_text_in_every_view(name: str, tmp_path: Path) -> None:
    """Page, JSON, summary and console are written, and hold the text escaped and nothing that acts."""
    said, shown = HOSTILE[name]
    views = {kind: path.read_text() for kind, path in write_report(hostile(said), tmp_path).items()}
    views["console"] = printed(hostile(said))
    for kind, view in views.items():
        assert not invisible(view), kind
    assert json.loads(views["json"])["results"][0]["findings"][0]["value"] == shown
    assert shown in views["console"]
    assert "<script" not in views["html"]
    assert "<script" not in views["markdown"]
    assert shown.split("<")[0].split("|")[0].strip() in views["html"]


def test_a_number_of_a_case_that_is_not_finite_is_kept_as_text(tmp_path: Path) -> None:
    """NaN in a finding's case may be the point, and JSON has no NaN."""
    written = json.loads(write_report(hostile("x"), tmp_path)["json"].read_text())
    assert written["results"][0]["findings"][0]["case"]["stored"]["value"] == "nan"


@pytest.mark.parametrize("name", ["日本.Optimizer", "$x_$ $\\frac{$", "<b>&amp;\"'", "\\frac{", 'id="x" url(#y)'])
def test_a_strange_name_is_drawn_as_text(name: str, tmp_path: Path) -> None:
    """Names in plots are no mathematics and no mark-up, in whatever letters."""
    place = Cell(name, name, "cpu", "float32", "a/b")
    figures = Figures(1, 1, 1, ratio_sample=2, median_ratio=0.5, largest_ratio=0.5, ratio_histogram=(1, 1))
    item = model.ImplementationEntry(name, name, "adam", name, name, {})
    run = exhibits.TrainingRunEntry(name, (1.0, 0.5), (0.1,), (None,), 4, 0, 0, 0, 1)
    course = exhibits.TrainingEntry(name, name, name, name, {}, 1, (1.0, None), (run,))
    curve = exhibits.CurveEntry(name, (1.0, None), (1.0, 0.5), (0.0, None), (), name)
    lines = (model.LineEntry(name, (0.0, 1.0), (1.0, None)),)
    plot = model.PlotEntry(name, "t", "x", lines)
    rule = model.RuleEntry("adam", name, name, (), (), (), (), (), plot, curves=(curve,))
    experiment = model.ExperimentEntry(name, name, name, "seen", {}, plot)
    whole = model.Report("0", name, 0, 2, {}, (rule,), (), (item,), (CellResult(place, Verdict.PASS, "", figures),), ())
    whole = dataclasses.replace(whole, training=(course,), experiments=(experiment,))
    page = write_report(whole, tmp_path)["html"].read_text()
    assert page.count("<svg") == 5
    assert "<b>" not in page.replace("<b></b>", "")


def test_an_endless_message_is_cut_and_its_length_is_said(tmp_path: Path) -> None:
    """Ten megabytes are a few lines in the console, in the page and in the summary."""
    report = hostile(ENDLESS)
    finding = dataclasses.replace(report.results[0].findings[0], case={})
    failing = dataclasses.replace(report.results[0], findings=(finding,))
    report = dataclasses.replace(report, results=(failing, *report.results[1:]))
    views = {kind: path.read_text() for kind, path in write_report(report, tmp_path).items()}
    views["console"] = printed(report)
    for kind, view in views.items():
        assert len(view) < 200_000, kind
    for kind in ("html", "json", "console"):
        assert "(10,000,000 characters)" in views[kind], kind


def test_a_message_of_many_lines_is_cut_to_a_few() -> None:
    """A traceback of a thousand lines keeps its first, and its length is said."""
    shown = safe_text("line\n" * 1000)
    assert shown.count("\n") < MOST_LINES
    assert shown.endswith("(5,000 characters)")


@pytest.mark.parametrize("text", [*(said for said, _ in HOSTILE.values()), ENDLESS, "\x00" * LONGEST, "a\n" * 99])
def test_safe_text_leaves_safe_text_alone(text: str) -> None:
    """What was escaped and cut once is escaped and cut no further."""
    once = safe_text(text)
    assert len(once) <= LONGEST
    assert safe_text(once) == once


def test_a_script_with_a_lone_surrogate_is_written(tmp_path: Path) -> None:
    """No text keeps a file from being written."""
    write_text(tmp_path / "script.py", "print('\udc80')\n")
    assert (tmp_path / "script.py").read_text() == "print('\\udc80')\n"
