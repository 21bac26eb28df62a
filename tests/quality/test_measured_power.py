"""Faulty optimizers are what they say, and a measurement says whether a check found and named the mistake."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.commands import measured_power
from conformance.commands.power_page import page, summary
from conformance.diagnosis.diagnosing import diagnose
from conformance.diagnosis.hypothesis import Sort
from conformance.engine.ledger import SCHEDULERS
from conformance.faulty import checks
from conformance.faulty.asking import asked
from conformance.faulty.checks import Checks, Manner
from conformance.faulty.edits import EDITS, LOOP
from conformance.faulty.fault import Fault
from conformance.faulty.faults import CLAIMS, FORMULA, OPTION, RULE, faults, kinds_of_fault
from conformance.faulty.judging import judged
from conformance.faulty.measurement import MeasuredFault, Named, claim_of
from conformance.faulty.second_order import DECAYED, SCALARS, TOGETHER, WRITTEN_BACK, maximizing
from conformance.optimizers.torch_class import CLASS, written
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from spec import schedules
from spec.rule import UpdateRule
from tests.builders import subject_of
from tests.conformance.test_ending import MARK, PATIENCE, ROOT, Running, until
from tests.quality.faulty_schedulers import faulty_schedulers

ADAMW = {"decay": "decoupled"}
QUICK = Manner("float64", 0.3)


@functools.cache
def _sample() -> tuple[Fault, ...]:
    return tuple(faults(8))


def _right(folder: Path) -> Fault:
    rule = book.build("adam", ADAMW)
    return Fault(FORMULA, "none", "adam", rule.options, written(rule, "right"))


def test_every_faulty_class_is_a_program_with_a_claim() -> None:
    """Each compiles, has a name of its own within its class of fault and rule, and says what would name it."""
    for fault in _sample():
        compile(fault.source, fault.name, "exec")
        assert fault.titles or fault.words or fault.properties
        known = schedules if fault.chapter == SCHEDULERS else book
        assert {*fault.options, *fault.switches} == {option.name for option in known.family(fault.rule).options}
    names = [(fault.kind, fault.rule, fault.name, *fault.options.values()) for fault in _sample()]
    assert len(set(names)) == len(names) > 80
    assert {fault.kind for fault in _sample()} == {*kinds_of_fault()}


def test_every_mistake_of_code_changes_the_class() -> None:
    """What is replaced stands in the class, and its source is another afterwards."""
    right = written(book.build("adam", ADAMW), "AdamW")
    assert all(edit.old in right and right.replace(edit.old, edit.new) != right for edit in EDITS)


def test_the_class_from_which_the_faulty_are_made_is_right(tmp_path: Path, session: Session) -> None:
    """Without its mistake nothing is wrong."""
    path = tmp_path / "right.py"
    path.write_text(_right(tmp_path).source)
    item = recognise(f"{path}:{CLASS}", "adam", dict(_right(tmp_path).options), session)
    assert diagnose(subject_of(item, session, dtype="float64"), ()).failing == 0


@pytest.mark.parametrize(("name", "named"), [("epsilon=inside for epsilon=outside", Named.RIGHT), ("", Named.MISSED)])
def test_a_measurement_tells_a_mistake_that_is_named_from_one_that_is_not_found(
    name: str, named: Named, tmp_path: Path, session: Session
) -> None:
    """An option is named by its cause; a class without a mistake that claims one is not found by any property."""
    fault = next((fault for fault in faults(0, OPTION) if fault.name == name), _right(tmp_path))
    found = judged(fault, tmp_path, session, QUICK)
    assert (found.named, found.found) == (named, bool(name))
    assert (found.first < found.seconds) == found.found
    assert MeasuredFault.read(json.loads(json.dumps(found.plain()))) == found


def test_a_process_that_dies_costs_one_fault_and_the_next_judges_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault at which it dies has no verdict, and no fault is judged twice."""
    dying = "import sys, os; from conformance.faulty.judging import main; main(sys.argv[1])"
    judging = "import conformance.faulty.judging as j; j.asked = lambda f, *_: os._exit(1) if f.name == 'b' else {}"
    made = "j.MeasuredFault(f.kind, f.name, f.rule, True, 1.0, 2.0, j.Named.RIGHT, '')"
    monkeypatch.setattr(checks, "GUARDED", f"import os; {judging.replace('{}', made)}; {dying}")
    faults_of = [Fault(FORMULA, name, "adam", {}, "") for name in "abc"]
    found = list(Checks(Manner("float64", 1.0, diagnosis=True)).measured(faults_of))
    assert [(item.name, item.named) for item in found] == [
        ("a", Named.RIGHT),
        ("b", Named.UNFINISHED),
        ("c", Named.RIGHT),
    ]


def test_the_command_prints_and_writes_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class of faults has a row with counts, what is missed has a line and the status 1; what is there stays."""

    asked_of = list[str]()

    def measured(_: Checks, some: Sequence[Fault]) -> Iterator[MeasuredFault]:
        for fault in some:
            asked_of.append(fault.name)
            missed = fault.name.startswith("radam")
            named, first = (Named.MISSED, float("inf")) if missed else (Named.RIGHT, 2.0)
            yield MeasuredFault(fault.kind, fault.name, claim_of(fault), not missed, first, 3.0, named, "")

    monkeypatch.setattr(measured_power.Checks, "measured", measured)
    assert main(["power", "--only", RULE, "--output", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "power.json").read_text())
    rows = record["rows"]
    (row,) = [line for line in printed.splitlines() if line.startswith(f"| {RULE} |")]
    assert row.split(" | ")[1:5] == [str(len(rows)), str(len(rows) - 1), "2.0 s", "2.0 s"]
    assert "not found: radam for adam (adam, " in printed
    assert row in (tmp_path / "power.md").read_text()
    written_page = page([record])
    assert f"| {RULE} | {len(rows)} | {len(rows) - 1} | {len(rows) - 1} " in written_page
    assert "| radam for adam | adam, " in written_page
    assert record["versions"]["torch"] in written_page
    counts = {"faults": len(rows), "found": len(rows) - 1, "right": len(rows) - 1, "other": 0}
    assert summary([record]) == {"date": record["date"], "torch": record["versions"]["torch"], **counts}
    (tmp_path / "power.json").write_text(json.dumps({**record, "rows": rows[1:]}))
    assert main(["power", "--only", RULE, "--output", str(tmp_path), "--resume"]) == 1
    assert asked_of[len(rows) :] == [rows[0]["name"]]
    assert json.loads((tmp_path / "power.json").read_text())["rows"] == rows
    assert main(["power", "--only", RULE, "--budget", "9", "--output", str(tmp_path), "--resume"]) == 2


@pytest.mark.parametrize(
    ("name", "named", "title"),
    [
        ("w + 1 for w", Named.RIGHT, "learning rate: w + 1 for w"),
        ("the base is told", Named.RIGHT, "wrong: get_last_lr"),
        ("the decay is changed", Named.RIGHT, "groups/other-keys: the keys weight_decay of a group"),
    ],
)
def test_the_diagnosis_alone_is_asked_of_schedulers(
    name: str, named: Named, title: str, tmp_path: Path, session: Session
) -> None:
    """Another formula is diagnosed, and a mistake of code is told by the property that was made for it."""
    found = asked(faulty_schedulers()[name], tmp_path, session, "float64")
    assert (found.named, found.title, found.found) == (named, title, True)


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [
        (TOGETHER, "the decay is maximized too (sgd", "values are wrong"),
        (SCALARS, "settings of lion", "as if settings were rounded to float32"),
        (WRITTEN_BACK, "exp_avg of adam(decay=decoupled", "exp_avg is written back as mhat_t; the formula keeps m_t"),
        (WRITTEN_BACK, "P_t * mu_next", "mu_product is written back as P_t*mu_next; the formula keeps P_t"),
        (LOOP, "the closure runs twice", "whole/closure"),
    ],
)
def test_mistakes_of_the_second_order_are_named(
    kind: str, name: str, title: str, tmp_path: Path, session: Session
) -> None:
    """What shows with two settings together, numbers that are cut, and another number kept have their names."""
    fault = next(item for item in _sample() if item.kind == kind and name in item.name)
    found = asked(fault, tmp_path, session, "float64")
    assert found.named is Named.RIGHT
    assert found.title.startswith(title)


@pytest.mark.parametrize(("name", "options"), [*CLAIMS[1:], *((rule, {"decay": decay}) for rule, decay in DECAYED[2:])])
def test_every_class_from_which_faulty_ones_are_made_is_right(
    name: str, options: Mapping[str, str], tmp_path: Path, session: Session
) -> None:
    """Without a mistake nothing is wrong with any of them, with a switch that maximizes too."""
    rule = book.build(name, options)
    path = tmp_path / "right.py"
    path.write_text(maximizing(rule, "right") if "weight_decay" in _keywords(rule) else written(rule, "right"))
    claimed = {key: value for key, value in rule.options.items() if key != "maximize"}
    subject = subject_of(recognise(f"{path}:{CLASS}", name, claimed, session), session, dtype="float64")
    assert (("maximize",) in subject.rules) == ("weight_decay" in _keywords(rule))
    assert diagnose(subject, ()).failing == 0


def _keywords(rule: UpdateRule) -> set[str]:
    return {item.keyword for item in rule.hyperparameters}


def test_a_class_that_takes_too_long_has_no_verdict(
    tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for one in which nothing was found."""
    monkeypatch.setattr("conformance.faulty.judging.LONGEST", 0.0)
    assert judged(_right(tmp_path), tmp_path, session, QUICK).named is Named.UNFINISHED


def test_an_unknown_class_of_faults_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names the value and the legal ones."""
    assert main(["power", "--only", "spelling"]) == 2
    assert "another option" in " ".join(capsys.readouterr().err.split())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_check_outlives_the_command(number: signal.Signals, status: int, tmp_path: Path) -> None:
    """However the command ends, its checks end with it; where it can it says how far it came, and keeps that."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance.cli", "power", "--only", RULE, "--output", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, MARK: mark, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running = Running(process, tmp_path, f"{MARK}={mark}")
    assert until(lambda: any("impls" in line or "worker" in line for line in running.left().values()))
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, said
    assert until(lambda: not running.left()), running.left()
    assert ("stopped after " in said) == (number != signal.SIGKILL)
    assert (tmp_path / "power.json").exists() == (number != signal.SIGKILL)
    assert "Traceback" not in said


def test_a_number_kept_in_float32_is_told_as_arithmetic(tmp_path: Path, session: Session) -> None:
    """NAdam with its product in float32, of which a step uses more digits, is said to be no other formula."""
    rule = book.build("nadam")
    path = tmp_path / "kept.py"
    right = written(rule, "kept")
    path.write_text(right.replace("torch.float64)", "torch.float32)"))
    subject = subject_of(recognise(f"{path}:{CLASS}", "nadam", dict(rule.options), session), session, dtype="float64")
    found = diagnose(subject, ())
    assert found.best is not None
    assert {item.sort for item in (found.best, *found.rivals)} == {Sort.PROFILE}
    assert "float32" in found.best.title


@pytest.mark.parametrize(
    ("line", "cut", "said"),
    [
        ("        c1 = ", "float(torch.tensor({}, dtype=torch.float32))", "c1, were cut to float32"),
        ("        c2 = ", "float(torch.tensor({}, dtype=torch.bfloat16))", ""),
    ],
)
def test_a_scalar_that_is_cut_is_named_by_its_line(
    line: str, cut: str, said: str, tmp_path: Path, session: Session
) -> None:
    """One line in float32 is named, and no coarser format of all; one that is cut more is not said to be float32."""
    rule = book.build("adam", {"decay": "decoupled"})
    lines = written(rule, "cut").splitlines()
    (place,) = [number for number, text in enumerate(lines) if text.startswith(line)]
    lines[place] = line + cut.format(lines[place].removeprefix(line))
    path = tmp_path / "cut.py"
    path.write_text("\n".join(lines))
    subject = subject_of(recognise(f"{path}:{CLASS}", "adam", dict(rule.options), session), session, dtype="float64")
    found = diagnose(subject, ())
    titles = [item.title for item in (found.best, *found.rivals) if item is not None]
    assert (len(titles) == 1 and said in titles[0]) if said else not [title for title in titles if "float32" in title]
