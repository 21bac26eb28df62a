"""What an H100 answered (torch 2.11.0+cu130) is inside its enclosures, or deviates as the ledger knows.

`h100.json.xz` is a part of what was recorded there, in which every path and format is, and every entry that speaks of
the device: `python -m conformance.commands.device_answers --part` wrote it.
"""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from conformance.commands.ledger_trials import devices_of
from conformance.distance.manifest import AnswersError
from conformance.distance.recorded import AnsweredCase, AnsweredCell, CellAnswers, cells, read, write
from conformance.engine.ledger import OPTIMIZERS, Entry, named, recorded
from conformance.engine.replay import fitting
from conformance.optimizers.properties import LOCAL, PROPERTIES
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Answer, Session
from tests.builders import deviation

FILE, VERSION, DEVICE = Path(__file__).with_name("h100.json.xz"), "2.11.0", "cuda"
ENTRIES = [
    entry
    for entry in named(OPTIMIZERS)
    if entry.devices == (DEVICE,) and any(entry.speaks_of(claim.identifier) for claim in PROPERTIES)
]
"""Those about formulas: of clauses no answers were recorded."""


@pytest.fixture(scope="module")
def answers() -> list[CellAnswers]:
    """Return the answers of every cell."""
    return [*cells(read(FILE), VERSION)]


@pytest.fixture(scope="module")
def judged(answers: list[CellAnswers]) -> list[AnsweredCell]:
    """Return what the answers of every cell show."""
    return [of_cell.judged() for of_cell in answers]


def test_every_path_and_format_of_the_device_is_held(answers: list[CellAnswers]) -> None:
    """The catalogue has no path on the device of which nothing was recorded."""
    declared = {(i.identifier, p.name, d) for i in CATALOGUE for p in i.paths_on(DEVICE) for d in p.dtypes}
    held = {(of.cell.implementation, of.cell.path, of.cell.dtype) for of in answers}
    assert held == declared
    assert FILE.stat().st_size <= 2_000_000


def test_no_answer_is_outside_that_the_ledger_does_not_explain(judged: list[AnsweredCell]) -> None:
    """Under the profiles of the device all of float32, float64 and the half formats is legal, or a known deviation."""
    assert sum(cell.values for cell in judged) > 100_000
    assert [(cell.cell, cell.first) for cell in judged if cell.unexplained] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.identifier)
def test_an_entry_of_the_device_shows_in_each_cell(
    entry: Entry, answers: list[CellAnswers], judged: list[AnsweredCell]
) -> None:
    """In each cell of which it speaks, and in which it shows best, some answer is the deviation."""
    own = [
        (of, found)
        for of, found in zip(answers, judged, strict=True)
        if entry in of.entries and of.claim.replayed_as(entry) is of.claim
    ]
    assert own
    assert [of.cell for of, found in own if entry.identifier not in found.shown] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.identifier)
def test_an_entry_of_the_device_has_a_stored_case_of_each_cell(entry: Entry, answers: list[CellAnswers]) -> None:
    """A replay on a device has a case that is one of the cell's property."""
    assert recorded("torch", VERSION, DEVICE)
    own = [of for of in answers if entry in of.entries and of.claim.replayed_as(entry) is of.claim]
    assert own
    assert [of.cell for of in own if not any(fitting(of.subject, of.claim, stored) for stored in entry.cases)] == []


def test_a_wrong_answer_is_seen(answers: list[CellAnswers]) -> None:
    """The last bit but eight of one parameter, turned, is outside."""
    of = next(one for one in answers if one.claim is LOCAL and not one.entries)
    row = copy.deepcopy(of.rows[0])
    values = np.frombuffer(base64.b64decode(row.answers[0]["buffers"][0]), np.uint8).copy()
    values[1] ^= 1
    row.answers[0]["buffers"][0] = base64.b64encode(values.tobytes()).decode()
    assert CellAnswers((of.rows[0],), VERSION).judged().unexplained == 0
    assert CellAnswers((row,), VERSION).judged().unexplained > 0


def test_an_answer_that_no_worker_gives_is_refused(answers: list[CellAnswers]) -> None:
    """Rows are read as answers of a kit are: counts of another number of tensors are none."""
    row = copy.deepcopy(answers[0].rows[0])
    row.answers[0]["header"]["counts"] = []
    with pytest.raises(AnswersError, match="its counts are not those of"):
        CellAnswers((row,), VERSION).judged()


def test_an_entry_of_the_host_must_not_show_on_a_device() -> None:
    """What was recorded with one version on the host and with another on the device binds each there."""
    entry = deviation("torch-float32-step-counter")
    assert entry.recorded == {"cpu": "2.13.*", "cuda": "2.11.*"}
    assert recorded("torch", "2.13.0", "cpu")
    assert not recorded("torch", "2.13.0", DEVICE)
    assert not recorded("torch", "2.13.0", "mps")


@pytest.mark.parametrize(
    ("name", "seen", "tried"),
    [
        ("torch-adam-fused-cuda-overflow", ["cpu"], ()),
        ("torch-adam-fused-cuda-overflow", ["cpu", "cuda", "mps"], ("cuda",)),
        ("torch-float32-step-counter", ["cpu", "cuda"], ("cpu",)),
    ],
)
def test_an_entry_is_tried_on_a_device_of_which_it_speaks(name: str, seen: list[str], tried: tuple[str, ...]) -> None:
    """An entry of the device alone is tried there, where there is one, and every other on the host."""
    told = SimpleNamespace(request=lambda _: Answer({"devices": seen}, []))
    assert devices_of(deviation(name), cast("Session", told)) == tried


def test_what_is_no_file_of_answers_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    file = tmp_path / "answers.json.xz"
    file.write_bytes(b"[]")
    with pytest.raises(ValueError, match="is no file of answers"):
        read(file)
    write(file, [])
    assert read(file) == list[AnsweredCase]()
