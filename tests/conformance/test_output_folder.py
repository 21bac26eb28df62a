"""A report replaces only what stepproof wrote, never through a link, and each file in one move."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cli import main
from conformance.report import write_report
from conformance.report.model import Report
from conformance.report.writing import prepare, write_bytes, write_text

EMPTY = Report("0", "stepproof", 0, 1, {}, (), (), (), (), ())


def refused(output: Path, *words: str) -> None:
    """Assert that a folder is refused with its name, and by the command line before anything is judged."""
    with pytest.raises(OSError, match="give") as caught:
        prepare(output)
    for word in words:
        assert word in str(caught.value)


def test_a_folder_is_made_and_used_again(tmp_path: Path) -> None:
    """A new folder is made with those above it, and one with a report of ours is written anew."""
    output = tmp_path / "a" / "b"
    prepare(output)
    assert output.is_dir()
    write_report(EMPTY, output)
    prepare(output)
    (output / "report.json").unlink()
    (output / "report.html").unlink()
    (output / "summary.md").unlink()
    (output / "verdicts.jsonl").write_text("{}\n")
    prepare(output)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing behind the link is touched, and the command ends with status 2 at once."""
    behind = tmp_path / "behind"
    behind.mkdir()
    (behind / "report.json").write_text("{}")
    output = tmp_path / "link"
    output.symlink_to(behind)
    refused(output, "link", "give the folder that it leads to")
    assert main(["check", "torch.SGD", "--output", str(output)]) == 2
    assert main(["check", "torch.StepLR", "--output", str(output)]) == 2
    assert " ".join(capsys.readouterr().err.split()).count("is a link") == 2
    assert (behind / "report.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["report.json", "report.html", "summary.md", "verdicts.jsonl", "failures"])
def test_a_link_in_the_place_of_a_file_is_refused(name: str, tmp_path: Path) -> None:
    """A file of a report that is a link, even to nothing, is not followed."""
    output = tmp_path / "output"
    output.mkdir()
    (output / name).symlink_to(tmp_path / "elsewhere")
    refused(output, name, "is a link")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.json", '{"tests": 3}'),
        ("report.json", '{"schema": "junit"}'),
        ("report.json", "[]"),
        ("report.json", "\udcff\x00"),
        ("report.html", "<p>mine</p>"),
        ("summary.md", "# mine"),
    ],
)
def test_what_stepproof_did_not_write_is_not_replaced(name: str, text: str, tmp_path: Path) -> None:
    """Somebody's file of that name is named, and stays; told to, it is replaced."""
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(tmp_path, str(path), "was not written by stepproof")
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")
    prepare(tmp_path, overwrite=True)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file, or a folder under a file, is named with what to give."""
    path = tmp_path / "file"
    path.write_text("")
    refused(path, str(path), "is a file")
    refused(path / "below", str(path / "below"), "cannot be made")


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    """The old text stays, and nothing lies beside it."""
    path = tmp_path / "report.html"
    write_text(path, "old")
    with pytest.raises(TypeError):
        write_bytes(path, "new")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    """What the link led to stays as it was."""
    behind, path = tmp_path / "behind", tmp_path / "report.html"
    behind.write_text("theirs")
    path.symlink_to(behind)
    write_text(path, "ours")
    assert (behind.read_text(), path.read_text(), path.is_symlink()) == ("theirs", "ours", False)
