"""What a stream holds is data, whoever wrote it: a report that is made of it shows no markup of others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.engine.stream import NAME

CHECK = ["check", "torch.SGD", "--path", "single-tensor", "--dtype", "float32", "--dtype", "float64", "--budget", "0.1"]
CHECK += ["--property", "hyperparameters/refused", "--jobs", "1"]
SCRIPT = "<script>alert(1)</script>"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of two shards, each of which has a finding."""
    folder = tmp_path_factory.mktemp("judged")
    for number in (1, 2):
        assert main([*CHECK, "--shard", f"{number}/2", "--output", str(folder / str(number))]) == 0
    return folder


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> int:
    """Change every finding of a stream; returns how many there are."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [finding for line in lines for finding in line.get("result", {}).get("findings", ())]
    for finding in found:
        change(finding)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return len(found)


@pytest.fixture
def shards(judged: Path, tmp_path: Path) -> list[Path]:
    """Return folders of the two shards which a test may change."""
    shutil.copytree(judged, tmp_path / "shards")
    return [tmp_path / "shards" / "1", tmp_path / "shards" / "2"]


@pytest.mark.parametrize("way", ["resumed", "merged"])
def test_a_formula_that_our_printer_does_not_write_is_shown_as_text(way: str, shards: list[Path]) -> None:
    """Neither the page nor the JSON has the markup that a stream gives as a formula; the page shows its text."""

    def hostile(finding: dict[str, Any]) -> None:
        finding["formula_mathml"] = f"<math>{SCRIPT}</math>{SCRIPT}"
        finding["formula_text"] = SCRIPT

    assert [changed(shard / NAME, hostile) for shard in shards] == [1, 1]
    output = shards[0] if way == "resumed" else shards[0].parent / "merged"
    resumed = [*CHECK, "--shard", "1/2", "--resume"]
    assert main([*(resumed if way == "resumed" else ["merge", *map(str, shards)]), "--output", str(output)]) == 0
    page, document = (output / "report.html").read_text(), json.loads((output / "report.json").read_text())
    findings = [finding for result in document["results"] for finding in result["findings"]]
    assert [finding["formula_mathml"] for finding in findings] == [""] * (1 if way == "resumed" else 2)
    assert SHOWN in page
    assert "<script" not in page


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "0123456789\n", "", "0123456789/x"])
def test_no_stream_names_a_file(name: str, shards: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A finding whose identifier is not the digits of a hash is refused with a sentence, and no file is written."""
    changed(shards[0] / NAME, lambda finding: finding.update(identifier=name))
    before = sorted(shards[0].parent.rglob("*"))
    merge = ["merge", *map(str, shards), "--output", str(shards[0].parent / "merged")]
    for command in ([*CHECK, "--shard", "1/2", "--resume", "--output", str(shards[0])], merge):
        assert main(command) == 2
        assert "is no stream of verdicts" in " ".join(capsys.readouterr().err.split())
    assert [path for path in sorted(shards[0].parent.rglob("*")) if path not in before and path.is_file()] == []
