"""A fault beside a run costs no result: a second run, a full disk, a reader that goes, a file that is no case."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands import exchanging
from conformance.commands.replay import stored_failure
from conformance.commands.standard_output import Outlet
from conformance.engine.judging import Judged
from conformance.engine.stream import Stream
from conformance.engine.verdict import CellResult, Verdict
from conformance.report.occupation import occupied
from conformance.report.writing import write_text
from tests.conformance.fake_units import FakeUnit
from tests.exchange.example_reports import conforming


def test_one_run_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    """The second is told what to do, and the folder is free once the first has ended."""
    with occupied(tmp_path), pytest.raises(OSError, match="another run is writing"), occupied(tmp_path):
        pass
    with occupied(tmp_path):
        pass


def test_a_disk_without_room_costs_the_stream_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on, and says that what is not kept is judged again by whoever resumes."""
    unit = FakeUnit("a", ("passes",))
    judged = Judged(CellResult(unit.cell("passes"), Verdict.PASS))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Stream(tmp_path, {}) as stream:
        stream.cell(unit, judged)
        assert stream.file is not None
        stream.file.close()
        monkeypatch.setattr(stream, "file", type("Full", (), {"write": full, "close": lambda _: None})())
        stream.cell(unit, judged)
        stream.cell(unit, judged)
    assert "No space left on device" in stream.lost
    assert (tmp_path / "verdicts.jsonl").read_text().count('"result"') == 1


def test_a_file_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    """What was there is there."""
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OSError, match=r"cannot be written.*make room or give a folder"):
        write_text(tmp_path / "file" / "report.json", "new")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_format_that_fails_costs_no_other(tmp_path: Path) -> None:
    """All others are written before the error is told."""
    (tmp_path / "junit.xml").mkdir()
    (tmp_path / "junit.xml" / "inside").touch()
    with pytest.raises(OSError, match=r"junit\.xml"):
        exchanging.write(conforming(), ("junit", "sarif", "ctrf"), tmp_path, Console(file=io.StringIO()))
    written = {path.name for path in tmp_path.iterdir()}
    assert any(name.endswith(".sarif") or "sarif" in name for name in written)
    assert any("ctrf" in name for name in written)


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_whoever_stops_reading_costs_what_is_printed_alone() -> None:
    """A character that an encoding does not have is escaped."""
    assert Outlet(Gone()).write("text") == len("text")
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii")
    outlet = Outlet(narrow)
    outlet.write("θ ok")
    outlet.flush()
    assert raw.getvalue() == rb"\u03b8 ok"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"chapter": [], "property": {}, "kind": 1, "case": 2, "python": 3}', "[" * 9999]
)
def test_a_file_that_is_no_stored_failure_is_told(tmp_path: Path, text: str) -> None:
    """Whatever stands in it."""
    file = tmp_path / "failure.json"
    file.write_text(text)
    with pytest.raises(OSError, match="is no stored failure"):
        stored_failure(file)
    file.write_text(
        json.dumps({"chapter": "optimizers", "property": "agreement/local", "kind": "rule", "case": {}, "python": None})
    )
    with pytest.raises(OSError, match="is no stored failure"):
        stored_failure(file)
