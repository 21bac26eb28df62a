"""The table of formats is what the command line names, and what it writes stays in the output."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands import exchanging, source_places
from conformance.exchange import NAMES
from conformance.exchange.formats import FORMATS
from conformance.report import model
from conformance.report.writing import prepare
from tests.exchange.example_reports import MINE, conforming, red, written


def test_the_command_line_names_the_formats_of_the_table() -> None:
    """Each has somebody who reads it, and no two share a file."""
    assert tuple(FORMATS) == NAMES
    files = [file for form in FORMATS.values() for file in form.files]
    assert len(files) == len(set(files))
    assert all(form.readers for form in FORMATS.values())


def test_the_page_about_formats_has_each_with_its_files() -> None:
    """docs/formats.md lists the names of the table in its order, and every file."""
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z][a-z-]*)` \| (.*?) \| .* \|$", page, re.MULTILINE))
    assert tuple(rows) == NAMES
    assert [name for name, form in FORMATS.items() for file in form.files if f"`{file}`" not in rows[name]] == []


def test_all_formats_are_written_side_by_side(tmp_path: Path) -> None:
    """The files are those of the table, and nothing lies beside them."""
    paths = written(red(), tmp_path, *NAMES).paths
    assert {path.name for path in paths} == {file for form in FORMATS.values() for file in form.files}
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"annotations", "history"}])
def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(name: str, tmp_path: Path) -> None:
    """What it led to stays as it was, and before anything is judged it is refused."""
    behind, output = tmp_path / "behind", tmp_path / "output"
    behind.write_text("theirs")
    output.mkdir()
    for file in FORMATS[name].files:
        (output / file).symlink_to(behind)
    with pytest.raises(OSError, match="is a link"):
        prepare(output, beside=exchanging.files_of([name]))
    written(red(), output, name)
    assert behind.read_text() == "theirs"
    assert not any(path.is_symlink() for path in output.iterdir())


def test_somebody_elses_file_is_not_replaced(tmp_path: Path) -> None:
    """A junit.xml in a folder without a report of ours is named before anything is judged."""
    (tmp_path / "junit.xml").write_text("<theirs/>")
    with pytest.raises(OSError, match=r"junit\.xml` was not written by stepproof"):
        prepare(tmp_path, beside=exchanging.files_of(["junit"]))
    prepare(tmp_path, beside=exchanging.files_of(["sarif"]))


def exchanged(whole: model.Report, output: Path, *names: str) -> str:
    """Return what a command prints when it writes formats."""
    stream = StringIO()
    exchanging.write(whole, names, output, Console(file=stream, width=40, highlight=False, emoji=False))
    return stream.getvalue()


def test_a_command_prints_annotations_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is broken and no bracket is mark-up, however narrow the console is."""
    monkeypatch.chdir(tmp_path)
    (cause,) = (dataclasses.replace(cause, title=f"[bold]{'word ' * 30}[/]") for cause in red().causes[1:])
    said = exchanged(dataclasses.replace(red(), causes=(cause,)), tmp_path, "annotations", "junit")
    lines = said.splitlines()
    assert lines[0] == "wrote junit.xml"
    assert all(line.startswith("::") for line in lines[1:])
    assert any("[bold]word word" in line and "got: -0.75" in line for line in lines)


def test_a_job_page_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is added to where a summary is asked for, and only there."""
    page = tmp_path / "step"
    monkeypatch.setenv(exchanging.JOB_PAGE, str(page))
    exchanged(conforming(), tmp_path, "junit")
    assert not page.exists()
    exchanged(conforming(), tmp_path, "job-summary")
    assert page.read_text().startswith("## ✓ Conforms")


def test_paths_are_told_from_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the workflow, or the nearest with .git, or else the folder one is in."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.delenv(exchanging.WORKSPACE, raising=False)
    assert exchanging.repository(inner) == inner.resolve()
    (tmp_path / "a" / ".git").mkdir()
    assert exchanging.repository(inner) == (tmp_path / "a").resolve()
    monkeypatch.setenv(exchanging.WORKSPACE, str(tmp_path))
    assert exchanging.repository(inner) == tmp_path.resolve()
    monkeypatch.setenv(exchanging.WORKSPACE, str(tmp_path / "elsewhere"))
    assert exchanging.repository(inner) == (tmp_path / "a").resolve()


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("mypkg.changed:MyAdamW", "mypkg/changed.py"),
        ("mypkg.changed:MyAdamW", "src/mypkg/changed.py"),
        ("mypkg.changed:MyAdamW", "mypkg/changed/__init__.py"),
        ("mypkg/changed.py:MyAdamW", "mypkg/changed.py"),
    ],
)
def test_the_file_of_a_target_is_found_below_the_root(
    target: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement speaks of it with its digest; nothing is imported to find it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("raise SystemExit\n")
    item = dataclasses.replace(conforming().implementations[0], target=target)
    exchanged(dataclasses.replace(conforming(), implementations=(item,)), tmp_path / "out", "in-toto")
    subjects = json.loads((tmp_path / "out" / "in-toto.json").read_text())["subject"]
    assert [subject["name"] for subject in subjects] == [file]


@pytest.mark.parametrize(
    "target", ["../outside.py:X", "/etc/passwd.py:X", "a\0b:X", "torch.SGD", "..:X", ":X", "x:", f"{'n' * 9000}.py:X"]
)
def test_a_file_outside_the_root_is_none(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what lies in the repository is read."""
    (tmp_path / "outside.py").write_text("")
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)
    item = dataclasses.replace(conforming().implementations[0], identifier=MINE, target=target)
    assert source_places.sources(dataclasses.replace(conforming(), implementations=(item,)), root) == {}


CLASS = b"""import torch

class Other:
    def step(self): ...

@decorated
class Mine(Other):
    def __init__(self): ...

    @torch.no_grad()
    def step(self, closure=None): ...

def make(): ...
"""


@pytest.mark.parametrize(
    ("content", "name", "line"),
    [
        (CLASS, "Mine", 10),
        (CLASS, "Other", 4),
        (CLASS, "make", 13),
        (CLASS, "absent", 1),
        (b"class Mine: pass", "Mine", 1),
        (b"def broken(:", "broken", 1),
        (b"\x00", "x", 1),
        (b"(" * 100_000, "x", 1),
    ],
)
def test_the_line_of_a_step_is_read_and_nothing_is_run(content: bytes, name: str, line: int) -> None:
    """It is that of the first decorator, as in a traceback; what cannot be read has its first line."""
    assert source_places.step_line(content, name) == line


def test_check_and_report_take_formats() -> None:
    """The option may be repeated, help names them all, and a wrong name ends with 2 before anything is asked."""
    from conformance.cli import COMMANDS

    for command in ("check", "report"):
        parser = argparse.ArgumentParser()
        COMMANDS[command][2](parser)
        target = ["torch.SGD"] * (command == "check")
        given = parser.parse_args([*target, "--format", "junit", "--format", "sarif"])
        assert given.format == ["junit", "sarif"]
        assert all(name in parser.format_help() for name in NAMES)
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([*target, "--format", "junt"])
        assert ended.value.code == 2
