"""The contract is one list: the page, the command line and the engine show the same clauses."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import impls.worker
from conformance.agreement import Tally
from conformance.cases import from_plain, to_plain
from conformance.cli import main
from conformance.contract import document
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.clauses import BY_IDENTIFIER, CHAPTERS, CLAUSES, distributed
from conformance.contract.findings import ClauseReducer
from conformance.contract.observation import Breach, differing
from conformance.contract.script import imports, names_read, source
from conformance.engine import ALL_PROPERTIES, Unit, judge_unit, subject_of
from conformance.properties import Plan
from conformance.recognition import recognise
from conformance.subject import WorkerSubject
from conformance.verdict import Cell, Finding, Verdict
from impls.catalogue import CATALOGUE
from impls.session import Session, WorkerFailure

BROKEN = Path(__file__).parents[1] / "quality" / "contract"
IMPORTS = (ast.Import, ast.ImportFrom)
SCRIPTS = {
    "gradients/not-modified": "gradients.py:WritesGradient",
    "layout/gradient-strided": "layouts.py:GradientStrided",
    "state/round-trip": "state.py:LoadForgetsMoment",
    "groups/empty": "groups.py:EmptyGroupRaises",
    "life/interleaved": "lifecycle.py:ZeroGradDoubles",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all tests."""
    with Session() as started:
        yield started


def test_the_page_is_up_to_date() -> None:
    """docs/contract.md is what the clauses say."""
    assert document.PAGE.read_text() == document.page()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.__name__.rpartition(".")[2])
def test_a_chapter_has_one_name_everywhere(chapter: ModuleType) -> None:
    """The clauses of a chapter, their experiments and what breaks them are in modules of one name."""
    name = chapter.__name__.rpartition(".")[2]
    experiments = Path(impls.worker.__file__).parent / "contract" / f"{name}.py"
    defined = {
        node.name for node in ast.parse(experiments.read_text()).body if isinstance(node, ast.FunctionDef)
    }
    assert chapter.CLAUSES
    assert {clause.experiment.partition(".")[0] for clause in chapter.CLAUSES} == {name}
    assert {clause.experiment.partition(".")[2] for clause in chapter.CLAUSES} <= defined
    broken = ast.parse((BROKEN / f"{name}.py").read_text())
    shown = {ast.get_docstring(node) for node in broken.body if isinstance(node, ast.ClassDef)}
    assert shown & {clause.identifier for clause in chapter.CLAUSES}


def test_the_engine_judges_every_clause() -> None:
    """Every clause stands among the properties, under a name of its own."""
    assert set(BY_IDENTIFIER) <= set(ALL_PROPERTIES)
    assert len(set(ALL_PROPERTIES)) == len(ALL_PROPERTIES)


def test_the_command_line_lists_the_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof clauses` prints every identifier."""
    assert main(["clauses"]) == 0
    printed = capsys.readouterr().out
    assert all(clause.identifier in printed for clause in CLAUSES)


def test_a_case_is_written_and_read_exactly() -> None:
    """The case of a clause survives its plain form."""
    case = ClauseCase(("maximize",), {"eta": 0.1}, {"shapes": [[3], []], "steps": 2})
    assert from_plain(to_plain(case)) == case


def _finding(name: str, target: str, session: Session) -> Finding:
    item = recognise(f"{BROKEN / target}", "adamw", {}, session)
    subject = subject_of(Unit(item, item.paths[0], "cpu", "float32", (), 1, 0), session)
    clause = BY_IDENTIFIER[name]
    failures = clause.judge(subject, Plan(12, 1, 0)).tally.failures
    cell = Cell(item.identifier, item.paths[0].name, "cpu", "float32", name)
    return ClauseReducer(subject, clause, cell).findings(failures)[0]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_breach_is_reduced_and_its_script_shows_it(name: str, session: Session, tmp_path: Path) -> None:
    """A breach has a small case and a script that shows it with torch alone."""
    finding = _finding(name, SCRIPTS[name], session)
    text = str(finding.case["stored"]["arguments"])
    assert len(text) < 400, text
    assert "stepproof" not in finding.script
    script = tmp_path / "finding.py"
    script.write_text(finding.script)
    given = [sys.executable, "-W", "ignore", str(script)]
    ended = subprocess.run(given, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "NameError" not in ended.stderr


def test_an_experiment_that_cannot_go_on_is_no_breach(session: Session) -> None:
    """An experiment that fails by itself is an error of the suite, and breaks no clause."""
    item = recognise(f"{BROKEN / 'kept.py'}:Kept", "adamw", {}, session)
    subject = subject_of(Unit(item, item.paths[0], "cpu", "float32", (), 1, 0), session)
    clause = BY_IDENTIFIER["elements/order"]
    case = ClauseCase((), next(iter(clause.cases(subject))).settings, {"steps": 1})
    assert not [b for b in clause.breaches(subject, case) if isinstance(b, Breach)]


def _of_two(session: Session) -> tuple[Clause, WorkerSubject]:
    item = recognise(f"{BROKEN / 'kept.py'}:Kept", "adamw", {}, session)
    subject = subject_of(Unit(item, item.paths[0], "cpu", "float32", (), 1, 0), session)
    return BY_IDENTIFIER["distributed/data-parallel"], dataclasses.replace(
        subject, rules={(): subject.rules[()]}
    )


def test_nothing_of_either_process_is_lost(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tally of a clause of two processes holds all that both tallies hold."""

    def found(_: Clause, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        rank = int(case.arguments["rank"])
        breach = differing(
            case, {"what": f"rank {rank}", "got": 1.0, "expected": 2.0, "place": 0, "differing": 1}
        )
        tally.include(Tally(1, 10, 20, 1, undecided=3, failures=[breach]))

    monkeypatch.setattr(Clause, "run", found)
    clause, subject = _of_two(session)
    tally = clause.judge(subject, Plan(1, 1, 0)).tally
    assert (tally.cases, tally.element_cases, tally.values, tally.outside, tally.undecided) == (
        2,
        20,
        40,
        2,
        6,
    )
    assert [failure.quantity for failure in tally.failures] == ["rank 0", "rank 1"]


def test_a_time_out_of_two_processes_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that gave no answer in time are not asked again until they do."""
    asked = []

    def late(*_: object) -> None:
        asked.append(None)
        if len(asked) <= 2:
            raise WorkerFailure("timeout", "the worker gave no answer", "allow it more time")

    monkeypatch.setattr(Clause, "run", late)
    clause, subject = _of_two(session)
    stopped = clause.judge(subject, Plan(1, 1, 0)).exploration.stopped
    assert isinstance(stopped, WorkerFailure)
    assert stopped.cause == "timeout"


def test_the_second_worker_ends_with_the_first() -> None:
    """No worker outlives the session beside which it was started."""
    session = Session()
    clause, subject = _of_two(session)
    clause.run(subject, next(clause.cases(subject)), Tally(), Plan(1, 1, 0))
    second = weakref.ref(distributed._SECOND[session])
    assert second() is not None
    del subject, session
    gc.collect()
    assert second() is None


def test_what_differs_by_rounding_in_a_whole_tensor_is_judged() -> None:
    """Values that differ, of a rule whose elements count for each other, are judged with the whole tensor."""
    adafactor = next(item for item in CATALOGUE if item.identifier == "torch.Adafactor")
    foreach = adafactor.path("foreach", "cpu")
    unit = Unit(
        adafactor, foreach, "cpu", "float16", ("hyperparameters/tensor-lr",), 4, 0, measure_power=False
    )
    result = judge_unit(unit).results[0]
    assert result.verdict is Verdict.PASS
    assert result.figures.undecided < result.figures.element_cases


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.identifier)
def test_the_script_of_a_clause_defines_every_name_that_it_reads(clause: Clause) -> None:
    """No script of a breach ends with a NameError, whatever its experiment uses."""
    body = source(clause)
    program = ast.parse(f"{imports(body)}\n{body}").body
    known = {
        (alias.asname or alias.name).partition(".")[0]
        for node in program
        if isinstance(node, IMPORTS)
        for alias in node.names
    }
    known |= {node.name for node in program if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    targets = [node.targets[0] for node in program if isinstance(node, ast.Assign)]
    targets += [node.target for node in program if isinstance(node, ast.AnnAssign)]
    known |= {target.id for target in targets if isinstance(target, ast.Name)}
    read = set().union(*(names_read(node) for node in program if not isinstance(node, IMPORTS)))
    assert read <= known | set(dir(builtins))
