"""Whatever comes back is data: what no kit writes ends in one sentence, and nothing that it says is run."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.distance.answers import AnsweredSession, Answers
from conformance.distance.expected import check
from impls.kit.program import ABOUT
from impls.kit.records import ANSWERS, HEAD, begin, following, frame_at, places, record
from impls.session import NotAsked, TargetError
from impls.worker import wire
from tests.distance.conftest import Distant

PART = "0001.answers"
Spoil = Callable[[Path], None]


def about(**changes: Any) -> Spoil:
    """Return what changes what answers say of themselves."""

    def spoil(folder: Path) -> None:
        whole = json.loads((folder / ABOUT).read_text())
        for path, value in changes.items():
            *places_, last = path.split("__")
            part = whole
            for name in places_:
                part = part[name]
            part[last] = value
        (folder / ABOUT).write_text(json.dumps(whole))

    return spoil


def own(description: dict[str, Any]) -> Spoil:
    """Return what lets answers describe an optimizer of their own."""
    given = {"identifier": "x:Y", "target": "x:Y", "rule": "adamw", "paths": [], **description}
    return about(manifest__scope__own_optimizers=[given], manifest__scope__optimizers=[])


def text(content: bytes, name: str = ABOUT) -> Spoil:
    """Return what replaces a file."""
    return lambda folder: [(folder / name).unlink(), (folder / name).write_bytes(content)][0]


def flip(folder: Path) -> None:
    """Change one bit of an answer."""
    content = bytearray((folder / PART).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / PART).write_bytes(content)


def told(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Spoil:
    """Return what changes the answer to the first run of steps, and keeps the file whole."""

    def spoil(folder: Path) -> None:
        path = folder / PART
        with path.open("rb") as file:
            begin(file, ANSWERS)
            held = [(place.key, *frame_at(file, place)) for place in list(places(file, path.stat().st_size))]
        first = next(n for n, (_, header, _) in enumerate(held) if "counts" in header.get("answer", {}))
        key, header, buffers = held[first]
        held[first] = key, changed(header), buffers
        path.write_bytes(ANSWERS + b"".join(record(*one) for one in held))

    return spoil


def answer(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts other values into an answer."""
    return lambda header: {"answer": {**header["answer"], **more}}


def raised(said: str) -> Spoil:
    """Return what puts an exception in the place of an answer."""
    return told(lambda _: {"raised": dict.fromkeys(("where", "kind", "message", "traceback", "place"), said)})


HUGE = HEAD.pack(b"k" * 32, 1 << 40)


@pytest.mark.parametrize(
    ("spoil", "file", "words"),
    [
        (text(b""), ABOUT, "is not what a kit writes"),
        (text(b"[" * 200_000), ABOUT, "is not what a kit writes"),
        (text(b'{"format": 1}'), ABOUT, "missing required field"),
        (about(format=2), ABOUT, "it has format 2, and this release reads 1"),
        (about(kit="0"), ABOUT, "it names one kit and describes another"),
        (about(manifest__stepproof="9.9"), ABOUT, "its kit is of stepproof 9.9"),
        (about(manifest__parts=["../../etc/passwd"]), ABOUT, "which no kit has"),
        (about(manifest__scope__budget=1e300), ABOUT, "its budget, seed, time-out or memory cannot be"),
        (about(manifest__scope__dtypes=["int8"]), ABOUT, "its formats are not among"),
        (about(manifest__scope__optimizers=["torch.Nothing"]), "", "which is not in the catalogue here"),
        (own({"rule": "none"}), "", "cannot be used"),
        (own({"paths": [{"name": "x", "profile": {"forms": 3}}]}), "", "cannot be used"),
        (own({"framework": "numpy", "paths": [{"name": "x"}]}), "", "cannot be used"),
        (own({"paths": "all"}), "", "cannot be used"),
        (text(b"", PART), PART, "is of another program"),
        (text(b"MZ\x90\0" * 8, PART), PART, "is of another program"),
        (text(ANSWERS + b"x" * 20, PART), PART, "is cut off at byte 28"),
        (text(ANSWERS + HUGE, PART), PART, "of which 2,147,483,648 may"),
    ],
)
def test_what_no_kit_writes_gets_one_sentence(
    distant: Distant, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, file: str, words: str
) -> None:
    """It names the file and says what is wrong with it; the status is 2, and no traceback is shown."""
    folder = spoilt(distant, tmp_path, spoil)
    assert main(["judge", str(folder), "--output", str(tmp_path / "out")]) == 2
    said = "".join(capsys.readouterr().err.split())
    assert str(folder / file) in said
    assert "".join(words.split()) in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def spoilt(distant: Distant, folder: Path, spoil: Spoil) -> Path:
    """Return a copy of answers in which something is wrong."""
    answers = folder / "answers"
    shutil.copytree(distant.answers, answers)
    spoil(answers)
    return answers


@pytest.fixture(scope="module")
def question(distant: Distant) -> wire.Message:
    """Return the first question of the kit that is a run of steps."""
    with zipfile.ZipFile(distant.kit) as packed, packed.open("questions/0001") as file:
        asked = (message for _, message in following(file) if message.header["ask"][0]["question"]["op"] == "run")
        header, buffers = next(asked)
    return wire.Message(header["ask"][0]["question"], buffers)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (told(answer(counts=3)), "has an answer to `run` that no worker gives"),
        (told(answer(counts=[])), "its counts are not those of"),
        (told(answer(state_dtypes={"exp_avg": "int3"})), "there is no format 'int3'"),
        (told(lambda _: {"answer": []}), "it is list and no object"),
        (told(lambda _: {"raised": {"where": 1}}), "where is no text"),
        (told(lambda _: {"failed": {}}), "that no worker gives"),
        (told(lambda _: {}), "it is neither an answer nor what came in its place"),
    ],
)
def test_an_answer_that_no_worker_gives_is_none(
    distant: Distant, tmp_path: Path, question: wire.Message, spoil: Spoil, words: str
) -> None:
    """It decides nothing, and what is wrong with it is told in one line that names the file."""
    folder, complaints = spoilt(distant, tmp_path, spoil), tmp_path / "complaints"
    with AnsweredSession(Answers((folder,)), complaints) as session, pytest.raises(NotAsked):
        session.request(*question)
    (line,) = complaints.read_text().splitlines()
    assert line.startswith(f"`{folder / PART}` ")
    assert words in line


STEP = {"before": {"p": "float32"}, "got": {"p": "float32"}, "steps": 1}
SEEN = {"what": "x", "compared": 1, "differing": 1, "got": 0.5, "expected": 1, "place": 0, "step": STEP}


@pytest.mark.parametrize(
    ("observation", "arrays", "words"),
    [
        ({**SEEN, "compared": "all"}, 2, "compared"),
        ({**SEEN, "step": {**STEP, "got": {"p": "int3"}}}, 2, "there is no format 'int3'"),
        (SEEN, 1, "1 arrays came, and 2 are named"),
        ({**SEEN, "step": {**STEP, "got": {"p": "float64"}}}, 2, "an array of 4 bytes holds no float64"),
    ],
)
def test_what_an_experiment_saw_is_looked_at(observation: dict[str, Any], arrays: int, words: str) -> None:
    """Its observations have their parts, and the arrays that they name are there."""
    question = {"op": "contract"}
    buffers = [memoryview(bytes(4))] * 2
    check(question, {"observations": [SEEN], "error": None}, buffers)
    with pytest.raises(ValueError, match=words):
        check(question, {"observations": [observation], "error": None}, buffers[:arrays])


def test_a_changed_answer_ends_the_command(
    distant: Distant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of answers of which one bit is another nothing is reported."""
    folder = spoilt(distant, tmp_path, flip)
    assert main(["judge", str(folder), "--output", str(tmp_path / "out"), "--jobs", "1"]) == 2
    said = "".join(capsys.readouterr().err.split())
    assert f"`{folder / PART}`waschanged:" in said
    assert not (tmp_path / "out" / "report.json").exists()


def test_answers_of_two_runs_or_machines_are_not_judged_together(distant: Distant, tmp_path: Path) -> None:
    """A further kit's answers are of the same run, and of the same device, driver, torch and Python."""
    for change, words in (
        (about(manifest__scope__seed=7), "answer kits of different runs"),
        (about(device="another card"), "are of different machines: device "),
    ):
        other = tmp_path / words
        shutil.copytree(distant.answers, other)
        change(other)
        with pytest.raises(Exception, match=words):
            Answers((distant.answers, other))


def test_nothing_that_an_exception_said_reaches_a_terminal_as_it_is(
    distant: Distant, tmp_path: Path, question: wire.Message
) -> None:
    """Controls are written out, and a text of a million characters is cut."""
    folder = spoilt(distant, tmp_path, raised("\x1b[31m\u202e" + "x" * 1_000_000))
    session = AnsweredSession(Answers((folder,)), tmp_path / "complaints")
    with session, pytest.raises(TargetError) as error:
        session.request(*question)
    assert len(error.value.message) < 30_000
    assert error.value.message.isprintable()


def test_what_has_no_answer_is_not_asked(distant: Distant, tmp_path: Path) -> None:
    """A question that was not in the kit is answered by nothing, and starts no worker."""
    with AnsweredSession(Answers((distant.answers,)), tmp_path / "complaints") as session:
        assert session.request({"op": "hello"}).header["devices"] == ["cpu"]
        with pytest.raises(NotAsked):
            session.request({"op": "signature", "target": "os:system"})
        assert session.printed_tail() == ""
