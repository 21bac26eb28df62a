"""Shards of a run: every unit is judged in exactly one, and put together they are the run in one go."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.catalogued import entries
from conformance.cli import main
from conformance.commands.run_part import RunPart
from conformance.commands.shards import Shard, dealt, hands
from conformance.commands.usage_errors import UsageError
from conformance.engine.stream import NAME
from tests.conformance.test_stream import report

WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
TABLE = """
budget = 0.1
jobs = 1
properties = ["lr/in-force", "lr/reported"]
[[schedulers]]
target = "torch.ExponentialLR"
[[schedulers]]
target = "torch.StepLR"
"""
GATE = ["gate"]


def test_every_unit_is_in_exactly_one_shard() -> None:
    """The shards of a run have no unit in common and none is left, whatever their number."""
    implementations = tuple(item for item in entries() if item.identifier in {"torch.SGD", "torch.AdamW"})
    work = RunPart(implementations, (), 2.0, 0).units()
    for shards in (1, 2, 3, 7, len(work)):
        parts = [dealt(work, Shard(number, shards)) for number in range(1, shards + 1)]
        labels = sorted(unit.label for part in parts for unit in part)
        assert labels == sorted(unit.label for unit in work)
        assert all(parts)
        loads = [sum(unit.cost for unit in part) for part in parts]
        assert max(loads) - min(loads) <= max(unit.cost for unit in work)


def test_units_that_share_a_name_are_no_shards() -> None:
    """Their verdicts could not be told apart."""
    item = next(item for item in entries() if item.identifier == "torch.SGD")
    unit = RunPart((item,), (), 2.0, 0, dtypes=("float32",)).units()[0]
    with pytest.raises(UsageError, match=r"two parts of the run are called torch\.SGD single-tensor cpu float32"):
        dealt([unit, unit], Shard(1, 2))


def test_the_dearest_units_are_dealt_first() -> None:
    """The same costs always have the same hands, and the largest difference is the cost of one unit."""
    assert hands([1, 1, 8, 4, 3, 1], 2) == [1, 0, 0, 1, 1, 1]
    assert hands([5, 5, 5, 5], 4) == [0, 1, 2, 3]
    assert hands([0, 0, 0], 3) == [0, 1, 2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the configuration of a gate and what its two shards have judged."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "stepproof.toml").write_text(TABLE)
    with contextlib.chdir(folder):
        for number in (1, 2):
            assert main([*GATE, "--shard", f"{number}/2", "--output", f"shard-{number}"]) == 0
    return folder


@pytest.fixture
def shards(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders of the two shards, beside whose configuration the test works."""
    monkeypatch.chdir(project)
    return [project / "shard-1", project / "shard-2"]


def test_merged_shards_are_the_run_in_one_go(shards: list[Path], tmp_path: Path) -> None:
    """The report of two shards that are merged is, but for times and command, that of one run; so is the stream."""
    assert main([*GATE, "--output", str(tmp_path / "whole")]) == 0
    files = [str(shards[1] / "report.json"), str(shards[0] / NAME)]
    assert main(["merge", *files, "--output", str(tmp_path / "merged"), "--format", "junit"]) == 0
    whole = report(tmp_path / "whole")
    assert report(tmp_path / "merged") == whole
    assert whole["shard"] is None
    assert (tmp_path / "merged" / "junit.xml").exists()
    assert main([*GATE, "--output", str(tmp_path / "merged"), "--resume"]) == 0
    assert report(tmp_path / "merged") == whole


def test_a_baseline_belongs_to_the_merged_run(shards: list[Path], tmp_path: Path) -> None:
    """It is recorded from all shards together, and the next merge is held against it."""
    merge = ["merge", *map(str, shards), "--output", str(tmp_path / "merged"), "--baseline", str(tmp_path / "b.json")]
    assert main(merge) == 0
    assert report(tmp_path / "merged")["baseline"]["status"] == "recorded"
    assert main(merge) == 0
    held = report(tmp_path / "merged")["baseline"]
    assert (held["status"], held["difference"]["compared"]) == ("compared", 4)


def test_a_shard_says_that_it_is_one(shards: list[Path]) -> None:
    """Its number, how many there are and what is left to the others stand in its report."""
    first, second = (report(folder) for folder in shards)
    assert first["shard"] == {"number": 1, "shards": 2, "units": 1, "units_of_the_run": 2}
    assert second["not_run"][0].startswith("not run: 1 of 2 units: this is shard 2 of 2")
    names = [{result["cell"]["implementation"] for result in data["results"]} for data in (first, second)]
    assert names == [{"torch.ExponentialLR"}, {"torch.StepLR"}]


@pytest.mark.thorough
def test_the_causes_of_a_merged_run_are_those_of_the_whole(tmp_path: Path) -> None:
    """Findings of both shards are joined to one cause, for which the code is asked again."""
    check = ["check", f"{WRONG}:StepMinusOne", "--rule", "adamw", "--budget", "0.1", "--jobs", "1"]
    check += ["--property", "agreement/local", "--dtype", "float32", "--dtype", "float64"]
    for number in (1, 2):
        assert main([*check, "--shard", f"{number}/2", "--output", str(tmp_path / f"{number}")]) == 1
    assert main([*check, "--output", str(tmp_path / "whole")]) == 1
    names = [str(tmp_path / "1"), str(tmp_path / "2")]
    assert main(["merge", *names, "--output", str(tmp_path / "merged")]) == 1
    whole = report(tmp_path / "whole")
    assert report(tmp_path / "merged") == whole
    assert [len(cause["explains"]) for cause in whole["causes"]] == [2]
    assert [data["shard"]["number"] for data in map(report, (tmp_path / "1", tmp_path / "2"))] == [1, 2]


def changed(folder: Path, to: Path, **run: Any) -> Path:
    """Return a copy of a shard whose stream says that it is of another run."""
    shutil.copytree(folder, to)
    first, *lines = (to / NAME).read_text().splitlines(keepends=True)
    line = json.loads(first)
    line["run"].update(run)
    (to / NAME).write_text(json.dumps(line) + "\n" + "".join(lines))
    return to


def refused(capsys: pytest.CaptureFixture[str], output: Path, *folders: Path) -> str:
    """Return the sentence with which shards are not merged."""
    capsys.readouterr()
    assert main(["merge", *map(str, folders), "--output", str(output)]) == 2
    assert not (output / "report.json").exists()
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("stepproof: ")
    return said


def test_shards_that_are_not_all_of_one_run_are_refused(
    shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing one, one that is there twice, one of another seed, and one that was cut short, each in a sentence."""
    first, second = shards
    output = tmp_path / "merged"
    assert "shards 2/2 are missing" in refused(capsys, output, first)
    assert "shard 1/2 is there twice" in refused(capsys, output, first, first, second)
    other = changed(second, tmp_path / "seed", seed=1)
    assert "is of another run: seed was 1 and is 0" in refused(capsys, output, first, other)
    other = changed(second, tmp_path / "environment", environment={"torch": "1.0"})
    assert "environment: " in refused(capsys, output, first, other)
    other = changed(second, tmp_path / "scope", scope=[])
    assert "scope was []" in refused(capsys, output, first, other)
    short = changed(second, tmp_path / "short")
    lines = (short / NAME).read_text().splitlines(keepends=True)
    (short / NAME).write_text("".join(lines[:-1]))
    said = refused(capsys, output, first, short)
    assert "is not whole: 1 of 1 units are missing (torch.StepLR)" in said
    assert "has no verdicts.jsonl" in refused(capsys, output, first, tmp_path / "absent")
    (short / NAME).write_text("judging\n")
    assert "is no stream of verdicts" in refused(capsys, output, first, short)


def test_a_shard_is_no_output_of_its_own_merge(shards: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """What would be written over is read still."""
    before = (shards[0] / NAME).read_bytes()
    assert main(["merge", *map(str, shards), "--output", str(shards[0])]) == 2
    assert "which would be replaced" in " ".join(capsys.readouterr().err.split())
    assert (shards[0] / NAME).read_bytes() == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--shard", "3/2"], "--shard 3/2 is no part; give I/N with 1 ≤ I ≤ N"),
        (["--shard", "0/2"], "--shard 0/2 is no part"),
        (["--shard", "half"], "--shard half is no part"),
        (["--shard", "1/2", "--baseline", "b.json"], "give it to `stepproof merge`"),
        (["--shard", "1/9"], "the run has 2 units"),
    ],
)
def test_what_is_no_shard_is_refused(
    given: list[str], said: str, shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the legal range and what to do."""
    assert main([*GATE, *given, "--output", str(tmp_path)]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_path_that_costs_more_weighs_more() -> None:
    """A compiled path counts as often as its cases do, and a unit that measures power more than another."""
    item = next(item for item in entries() if item.identifier == "torch.SGD")
    unit = RunPart((item,), (), 2.0, 0, dtypes=("float32",)).units()[0]
    dear = dataclasses.replace(unit, path=dataclasses.replace(unit.path, cost=20))
    plain = dataclasses.replace(unit, measure_power=False)
    assert dear.cost > 10 * plain.cost > 0
    assert unit.cost > plain.cost
