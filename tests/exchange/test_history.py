"""A history grows by a line for each run, survives what a killed run left, and is drawn."""

from __future__ import annotations

import dataclasses
import os
import re
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance.engine.verdict import Figures
from conformance.exchange import history
from conformance.exchange.trend import plotted
from conformance.report.model import Outcome
from conformance.report.safety import made_safe
from tests.exchange.example_reports import HOSTILE, MINE, OCCASION, conforming, hostile, red, written

SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_has_the_figures_of_its_run(tmp_path: Path) -> None:
    """Outcome, counts, largest ratio, element-cases, mutants, seconds, versions and the hash of the cases."""
    written(red(), tmp_path, "history")
    (run,) = history.read(tmp_path / "history.jsonl")
    assert (run.date, run.outcome, run.causes) == ("2026-03-01T12:30:00Z", Outcome.DOES_NOT_CONFORM, 2)
    assert (run.counts["fail"], run.counts["should"], run.counts["undecided"]) == (2, 1, 1)
    assert (run.largest_ratio, run.element_cases) == (0.5, 127)
    assert (run.mutants_killed, run.mutants, run.seconds) == (2, 3, 7.5)
    assert (run.suite, run.torch, run.cases_hash, run.implementations) == ("0.1.0", "2.13.0", "c0ffee", (MINE,))


def test_runs_stand_one_below_the_other(tmp_path: Path) -> None:
    """Each run adds a line, in the order of the runs."""
    path = tmp_path / "history.jsonl"
    for whole in (red(), conforming(), red()):
        history.append(path, history.entry(whole, OCCASION))
    runs = history.read(path)
    assert [run.outcome for run in runs] == ["does not conform", "conforms", "does not conform"]


@pytest.mark.parametrize("left", ['{"date": "2026-', "\x00\x00", "[1, 2]\n", '{"outcome": "conforms"}', "\n\n"])
def test_a_torn_line_costs_itself_alone(left: str, tmp_path: Path) -> None:
    """What a killed run or somebody's editor left is passed over, and the next run has a line of its own."""
    path = tmp_path / "history.jsonl"
    history.append(path, history.entry(conforming(), OCCASION))
    with path.open("a") as stream:
        stream.write(left)
    history.append(path, history.entry(red(), OCCASION))
    runs = history.read(path)
    assert [run.outcome for run in runs] == ["conforms", "does not conform"]


def test_a_whole_line_without_its_newline_is_kept(tmp_path: Path) -> None:
    """A run that was killed before the newline is there."""
    path, entry = tmp_path / "history.jsonl", history.entry(conforming(), OCCASION)
    history.append(path, entry)
    path.write_text(path.read_text().rstrip("\n"))
    history.append(path, entry)
    assert len(history.read(path)) == 2


def test_runs_that_end_together_have_a_line_each(tmp_path: Path) -> None:
    """Forty at once over a torn line are forty."""
    path, entry = tmp_path / "history.jsonl", history.entry(conforming(), OCCASION)
    path.write_text("{torn")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: history.append(path, entry), range(40)))
    assert history.read(path) == (entry,) * 40
    assert len(path.read_bytes().splitlines()) == 41


def test_a_line_that_has_no_room_is_told_and_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full leaves half a line, which the next run passes over."""
    path, entry, write = tmp_path / "history.jsonl", history.entry(conforming(), OCCASION), os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda handle, text: write(handle, text[:20]))
        with pytest.raises(OSError, match="has no room for a whole line; make room"):
            history.append(path, entry)
    history.append(path, entry)
    assert history.read(path) == (entry,)


def test_a_history_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """What is behind it stays as it was."""
    behind = tmp_path / "behind"
    behind.write_text("theirs\n")
    (tmp_path / "history.jsonl").symlink_to(behind)
    with pytest.raises(OSError, match="is a link; remove it"):
        written(conforming(), tmp_path, "history")
    assert behind.read_text() == "theirs\n"


def test_a_ratio_that_is_not_finite_is_left_out() -> None:
    """An infinite ratio is no number that JSON has, and no point that could be drawn."""
    (first, *others) = conforming().results
    endless = dataclasses.replace(first, figures=Figures(1, 1, 1, largest_ratio=float("inf")))
    whole = dataclasses.replace(conforming(), results=(endless, *others))
    assert history.entry(whole, OCCASION).largest_ratio is None


def test_the_trend_has_a_panel_for_each_figure_and_both_grounds(tmp_path: Path) -> None:
    """It is a picture by itself, whose colours follow the reader's pages."""
    for whole in (red(), conforming()):
        written(whole, tmp_path, "history")
    text = (tmp_path / "history.svg").read_text()
    words = {item.text for item in ET.fromstring(text).iter(f"{SVG}text")}
    assert {"element-cases", "seconds", "2026-03-01"} <= words
    assert "prefers-color-scheme:dark" in text
    assert plotted(()) == ""


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances, as WCAG defines it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


@pytest.mark.parametrize(("place", "ground"), [(0, "#ffffff"), (1, "#0d1117")], ids=["light", "dark"])
def test_the_trend_is_readable_on_both_grounds(place: int, ground: str) -> None:
    """Words have a contrast of 4.5 or more, lines and marks of 3 or more."""
    text = plotted([history.entry(conforming(), OCCASION)])
    colours = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", re.findall(r"svg\{([^}]*)\}", text)[place]))
    assert {name for name in ("ink", "quiet") if contrast(colours[name], ground) < 4.5} == set()
    assert {name for name in ("plot", "pass", "fail") if contrast(colours[name], ground) < 3.0} == set()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_on_its_line(name: str, tmp_path: Path) -> None:
    """One run is one line, which is read back, and of bounded length."""
    path = tmp_path / "history.jsonl"
    history.append(path, history.entry(made_safe(hostile(HOSTILE[name])), OCCASION))
    assert (path.read_bytes().count(b"\n"), len(history.read(path))) == (1, 1)
    assert path.stat().st_size < 5_000
