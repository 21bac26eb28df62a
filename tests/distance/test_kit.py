"""A kit runs where there is nothing of this project, and its answers are judged like a direct run."""

from __future__ import annotations

import ast
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.commands.packing import scope_of
from conformance.commands.run_part import RunPart
from conformance.distance.kit import code, pack
from conformance.distance.planning import Planning, part_of
from conformance.distance.questions import Questions
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.failures import WorkerFailure
from impls.kit import answering, program
from impls.kit.answering import Answering
from impls.kit.records import ANSWERS, begin, following, frame_at, places
from impls.session import Answer
from tests.distance.conftest import CLAIMS, HOW, TARGET, WHAT, Distant, report

WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
OF_THE_MACHINE = {"device", "driver", "kit"}
"""What the environment of answers says besides."""


def test_answers_from_a_distance_give_the_report_of_a_direct_run(distant: Distant, tmp_path: Path) -> None:
    """The JSON is equal but for its times, the command, and three names: of the device, its driver and the kit."""
    assert main(["judge", str(distant.answers), "--output", str(tmp_path / "out"), "--jobs", "1"]) == 0
    assert main(["check", TARGET, *WHAT, *HOW, "--output", str(tmp_path / "direct")]) == 0
    direct, judged = report(tmp_path / "direct"), report(tmp_path / "out")
    more = judged["environment"].keys() - direct["environment"].keys()
    assert more == OF_THE_MACHINE
    for one in (direct, judged):
        one["command"] = ""
        one["environment"] = {key: value for key, value in one["environment"].items() if key not in OF_THE_MACHINE}
    assert judged == direct
    assert {result["verdict"] for result in judged["results"]} >= {"pass", "known deviation"}


@pytest.mark.thorough
def test_a_rehearsed_kit_has_what_a_finding_needs(tmp_path: Path) -> None:
    """Of a wrong optimizer of one's own findings, scripts and causes are those of a direct run, with one kit."""
    claims = ["--property", "agreement/local", "--property", "state/plain-numbers"]
    what = [f"{WRONG}:Beta1ForSquare", "--rule", "adamw", *claims]
    how = ["--dtype", "float32", "--budget", "0.2"]
    kit, answers, direct, out = (str(tmp_path / name) for name in ("kit.pyz", "answers", "direct", "out"))
    assert main(["pack", *what, *how, "--rehearse", "--output", kit]) == 0
    assert program.main(kit, [answers]) == 0
    assert main(["judge", answers, "--output", out]) == 1
    assert main(["check", *what, *how, "--output", direct]) == 1
    one, other = report(Path(direct)), report(Path(out))
    assert next(cause["title"] for cause in other["causes"]).startswith("second moment: beta1 for beta2")
    assert {key for key in one if one[key] != other[key]} <= {"command", "environment"}


def test_a_kit_says_how_large_and_how_long_it_is(distant: Distant) -> None:
    """A line before the run names the kit, the questions, the machine, the size of the answers and the time."""
    first, last = distant.said.splitlines()
    about = json.loads((distant.answers / program.ABOUT).read_text())
    count = about["manifest"]["questions"]
    assert first.startswith(f"kit {about['kit'][:12]}: {count} questions about torch.AdamW on ")
    assert " MB of answers in about " in first
    assert last.startswith(f"answers to all {count} questions are in ")


def test_a_kit_holds_the_worker_and_nothing_of_the_judge(distant: Distant) -> None:
    """Its code is that of `impls/kit`, the session and the worker, in the grammar of Python 3.9."""
    names = zipfile.ZipFile(distant.kit).namelist()
    assert {name.partition("/")[0] for name in names} == {"__main__.py", "impls", "manifest.json", "questions"}
    sources = [name for name in names if name.endswith(".py")]
    assert not {name for name in sources if name.startswith(("impls/catalogue", "impls/libraries"))}
    for path in code():
        ast.parse(path.read_text(), feature_version=(3, 9))
    assert len(sources) == len(list(code())) + 1


def test_a_kit_goes_on_where_it_was_stopped(distant: Distant, tmp_path: Path) -> None:
    """An answer that was cut off is given again, the others stay as they are, and all end up there once."""
    folder = tmp_path / "answers"
    shutil.copytree(distant.answers, folder)
    path = folder / "0001.answers"
    whole = path.read_bytes()
    kept = _keys(path)
    path.write_bytes(whole[: len(whole) * 9 // 10])
    assert program.main(str(distant.kit), [str(folder)]) == 0
    assert sorted(_keys(path)) == sorted(kept)
    assert path.read_bytes()[: len(whole) * 8 // 10] == whole[: len(whole) * 8 // 10]


def test_a_kit_for_a_device_is_made_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its questions are about that device, and a machine without it gets one sentence."""
    (item,) = [item for item in CATALOGUE if item.identifier == TARGET]
    part = RunPart((item,), (), 0.1, 0, device="cuda", dtypes=("float32",), properties=("state/step-count",))
    (unit,) = [unit for unit in part.units() if "fused" in unit.label]
    assert list(Planning(tmp_path)(unit, {})) == []
    kit = tmp_path / "kit.pyz"
    assert pack([tmp_path / part_of(unit.label)], scope_of(part), TARGET, kit).device == "cuda"
    with zipfile.ZipFile(kit) as packed, packed.open("questions/0001") as file:
        asked = [one["question"] for _, message in following(file) for one in message.header["ask"]]
    assert {question["device"] for question in asked if question["op"] == "run"} == {"cuda"}
    assert program.main(str(kit), [str(tmp_path / "answers")]) == 2
    assert "this machine has no device `cuda`" in capsys.readouterr().err


def test_a_folder_of_other_answers_is_left_alone(
    distant: Distant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers of another kit or machine are not gone on with."""
    about = json.loads((distant.answers / program.ABOUT).read_text())
    (tmp_path / program.ABOUT).write_text(json.dumps({**about, "torch": "2.0.0"}))
    assert program.main(str(distant.kit), [str(tmp_path)]) == 2
    assert "has answers of torch 2.0.0 and not " in capsys.readouterr().err


def test_what_was_not_answered_is_undecided(distant: Distant, tmp_path: Path) -> None:
    """Of answers that are not whole the cells that need more are undecided; those to a further kit complete them."""
    folder, further = tmp_path / "answers", tmp_path / "further.pyz"
    shutil.copytree(distant.answers, folder)
    path = folder / "0001.answers"
    with path.open("rb") as file:
        begin(file, ANSWERS)
        held = [(place, frame_at(file, place).header) for place in list(places(file, path.stat().st_size))]
    runs = [place for place, header in held if "counts" in header.get("answer", {})]
    left_out, whole = set(runs[::2]), path.read_bytes()
    path.write_bytes(ANSWERS + b"".join(whole[place.start : place.end] for place, _ in held if place not in left_out))
    given = [str(folder), "--output", str(tmp_path / "out"), "--jobs", "1", "--follow-up", str(further)]
    assert main(["judge", *given]) == 2
    found = {result["cell"]["property"]: result for result in report(tmp_path / "out")["results"]}
    assert found["agreement/local"]["verdict"] == "undecided"
    assert "not asked at a distance" in found["agreement/local"]["reason"]
    assert found["state/not-aliased"]["verdict"] != "undecided"
    manifest = json.loads(zipfile.ZipFile(further).read(program.MANIFEST))
    assert manifest["questions"] > len(left_out) // 2
    assert manifest["scope"] == json.loads((folder / program.ABOUT).read_text())["manifest"]["scope"]
    assert program.main(str(further), [str(tmp_path / "more")]) == 0
    assert main(["judge", str(folder), str(tmp_path / "more"), "--output", str(tmp_path / "whole"), "--jobs", "1"]) == 0
    assert len(report(tmp_path / "whole")["results"]) == len(CLAIMS)


class FakeSession:
    """A session whose step hangs for some questions, and kills its worker for others."""

    def __init__(self, *_: object, **__: object) -> None:
        self.asked: list[int] = []

    def close(self) -> None:
        return

    def request(self, header: dict[str, int], _: object = ()) -> Answer:
        self.asked.append(header["n"])
        if header["n"] in {2, 5, 51, 52, 53, 54}:
            raise WorkerFailure("signal", "the worker was killed", "look")
        if header["n"] in {12, 22, 32}:
            raise WorkerFailure("timeout", "the worker gave no answer", "look", place="step")
        return Answer({"n": header["n"]}, [])


def test_a_step_that_crashes_or_hangs_costs_its_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash all goes on, till there are three in a cell; after a hang the rest of its cell is not asked.

    What needs no step is asked all the same, and after three hangs at one place nothing else.
    """
    monkeypatch.setattr(answering, "Session", FakeSession)
    path = tmp_path / "answers"
    numbers = [*range(1, 7), *range(51, 56), *range(11, 15), *range(21, 25), *range(31, 35), 41]
    with path.open("wb") as file, Answering(file, None) as asking:
        for n in numbers:
            question = {"n": n, "op": "hello" if n == 34 else "run"}
            header = {"ask": [{"key": f"{n:064x}", "question": question}], "group": n // 10, "timeout": 1, "memory": 1}
            asking.answer(header, [], set())
        session = asking.session
    assert isinstance(session, FakeSession)
    assert session.asked == [1, 2, 3, 4, 5, 6, 51, 52, 53, 11, 12, 21, 22, 31, 32, 34]
    with path.open("rb") as file:
        assert len(list(places(file, path.stat().st_size))) == len(numbers)


def test_two_processes_are_asked_together(tmp_path: Path) -> None:
    """Their questions are one record, whichever came first, and name no file of this machine."""
    asked = [
        {"op": "contract", "arguments": {"rank": rank, "store": f"/tmp/{rank}", "steps": 2}}  # noqa: S108
        for rank in (1, 0)
    ]
    path = tmp_path / "questions"
    questions = Questions(path, 1.0, 1)
    for header in asked:
        questions.add(header, [])
    questions.close()
    with path.open("rb") as file:
        file.seek(8)
        assert len(list(places(file, path.stat().st_size))) == 1
    assert b'"rank": 0, "store": "", "steps": 2' in path.read_bytes()
    assert b"/tmp/" not in path.read_bytes()


def _keys(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        begin(file, ANSWERS)
        return [place.key for place in places(file, path.stat().st_size)]
