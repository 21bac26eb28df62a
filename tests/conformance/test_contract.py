"""The contract is one list: the page, the command line and the engine show the same clauses."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import impls.worker
from conformance.claims import identifiers
from conformance.cli import main
from conformance.commands import contract_page as document
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.clause_kind import CLAUSE
from conformance.contract.clauses import BY_IDENTIFIER, CHAPTERS, CLAUSES
from conformance.contract.observation import differing
from conformance.contract.script import experiment
from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.engine.findings import confirmed_findings
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.script_builder import assembled
from conformance.engine.script_source import names_read
from conformance.engine.verdict import Finding, Verdict
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session, SuiteError, WorkerFailure
from tests.builders import entry, result_of, subject_of, unit_of

BROKEN = Path(__file__).parents[1] / "quality" / "contract"
IMPORTS = (ast.Import, ast.ImportFrom)
Run = Callable[..., object]
SCRIPTS = {
    "gradients/not-modified": "gradients.py:WritesGradient",
    "layout/gradient-strided": "layouts.py:GradientStrided",
    "state/round-trip": "state.py:LoadForgetsMoment",
    "groups/empty": "groups.py:EmptyGroupRaises",
    "life/interleaved": "lifecycle.py:ZeroGradDoubles",
}


def test_the_page_is_up_to_date() -> None:
    """docs/contract.md is what the clauses say."""
    assert document.PAGE.read_text() == document.page()


def test_the_engine_judges_every_clause() -> None:
    """Every clause stands among the properties, under a name of its own."""
    every = identifiers(OPTIMIZERS)
    assert set(BY_IDENTIFIER) <= set(every)
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.__name__.rpartition(".")[2])
def test_a_chapter_has_one_name_everywhere(chapter: ModuleType) -> None:
    """The clauses of a chapter, their experiments and what breaks them are in modules of one name."""
    name = chapter.__name__.rpartition(".")[2]
    experiments = Path(impls.worker.__file__).parent / "contract" / f"{name}.py"
    defined = {node.name for node in ast.parse(experiments.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert chapter.CLAUSES
    assert {clause.experiment.partition(".")[0] for clause in chapter.CLAUSES} == {name}
    assert {clause.experiment.partition(".")[2] for clause in chapter.CLAUSES} <= defined
    broken = ast.parse((BROKEN / f"{name}.py").read_text())
    told = (ast.get_docstring(node) for node in broken.body if isinstance(node, ast.ClassDef))
    shown = {words.partition(",")[0] for words in told if words}
    assert shown & {clause.identifier for clause in chapter.CLAUSES}


def test_the_command_line_lists_the_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof clauses` prints every identifier."""
    assert main(["clauses"]) == 0
    printed = capsys.readouterr().out
    assert all(clause.identifier in printed for clause in CLAUSES)


def test_a_case_is_written_and_read_exactly() -> None:
    """The case of a clause survives its plain form."""
    case = ClauseCase(("maximize",), {"eta": 0.1}, {"shapes": [[3], []], "steps": 2})
    assert CLAUSE.read(CLAUSE.write(case)) == case


def _finding(name: str, target: str, session: Session) -> Finding:
    subject = subject_of(recognise(f"{BROKEN / target}", "adamw", {}, session), session)
    clause, plan = BY_IDENTIFIER[name], Plan(12, 1, 0)
    failures = clause.judge(subject, plan).tally.failures
    first, *_ = confirmed_findings(subject, clause, subject.cell(name), failures, plan)
    return first


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_breach_is_reduced_and_its_script_shows_it(name: str, session: Session, shows: Run, shows_not: Run) -> None:
    """A breach has a small case and a script that shows it, and nothing with torch's class in its place."""
    finding = _finding(name, SCRIPTS[name], session)
    text = str(finding.case["stored"].get("arguments", {}))
    assert len(text) < 400, text
    assert "stepproof" not in finding.script
    shows(finding.script, fresh=name == "state/round-trip")
    shows_not(finding.script.replace(f"module.{SCRIPTS[name].partition(':')[2]}", "torch.optim.AdamW"))


def test_an_experiment_that_cannot_go_on_is_no_breach(session: Session) -> None:
    """An experiment that fails by itself is an error of the suite, and breaks no clause."""
    subject = subject_of(recognise(f"{BROKEN / 'kept.py'}:Kept", "adamw", {}, session), session)
    clause, tally = BY_IDENTIFIER["elements/order"], Tally()
    case = ClauseCase((), next(iter(clause.cases(subject))).settings, {"steps": 1})
    with pytest.raises(SuiteError, match="in the experiment elements"):
        clause.run(subject, case, tally, Plan(1, 1, 0))
    assert not tally.failures


def _of_two(session: Session) -> tuple[Clause, WorkerSubject]:
    subject = subject_of(recognise(f"{BROKEN / 'kept.py'}:Kept", "adamw", {}, session), session)
    alone = dataclasses.replace(subject, rules={(): subject.rules[()]})
    return BY_IDENTIFIER["distributed/data-parallel"], alone


def test_nothing_of_either_process_is_lost(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tally of a clause of two processes holds all that both tallies hold."""

    def found(_: Clause, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        rank = int(case.arguments["rank"])
        breach = differing(case, {"what": f"rank {rank}", "got": 1.0, "expected": 2.0, "place": 0, "differing": 1})
        tally.add(Tally(1, 10, 20, 1, undecided=3, failures=[breach]))

    monkeypatch.setattr(Clause, "run", found)
    clause, subject = _of_two(session)
    tally = clause.judge(subject, Plan(1, 1, 0)).tally
    assert (tally.cases, tally.element_cases, tally.values) == (2, 20, 40)
    assert (tally.outside, tally.undecided) == (2, 6)
    assert [failure.quantity for failure in tally.failures] == ["rank 0", "rank 1"]


def test_an_experiment_is_told_as_its_reader_needs_it(session: Session) -> None:
    """Of an illegal value the setting and what it is, without the words by which an error may name it."""
    clause, subject = _of_two(session)
    bad = [["eps", "nan", "nan", ["eps", "epsilon"], "[0, ∞)"], ["lr", -1.0, "-1.0", ["lr"], "[0, ∞)"]]
    case = ClauseCase((), {"eta": 0.1}, {"bad": bad, "other": {"lr": 0.5, "betas": [0.5, 0.5]}, "steps": 2})
    breach = differing(case, {"what": "refused", "got": 1.0, "expected": 2.0, "place": 0, "differing": 1})
    told = clause.kind.tell(subject, clause, breach)
    assert told.table["arguments"] == "eps=nan, lr=-1.0, other=(lr=0.5, betas=[0.5, 0.5]), steps=2"


def test_a_time_out_of_two_processes_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that gave no answer in time are not asked again until they do."""
    asked = []

    def late(*_: object) -> None:
        asked.append(None)
        if len(asked) <= 2:
            raise WorkerFailure("timeout", "the worker gave no answer", "allow it more time")

    monkeypatch.setattr(Clause, "run", late)
    clause, subject = _of_two(session)
    stop = clause.judge(subject, Plan(1, 1, 0)).stop
    assert stop is not None
    assert stop.sort == "timeout"


def test_the_second_worker_ends_with_the_first() -> None:
    """No worker outlives the session beside which it was started."""
    session = Session()
    clause, subject = _of_two(session)
    clause.run(subject, next(clause.cases(subject)), Tally(), Plan(1, 1, 0))
    second = weakref.ref(session.companion)
    assert second() is not None
    del subject, session
    gc.collect()
    assert second() is None


def test_what_differs_by_rounding_in_a_whole_tensor_is_judged(session: Session) -> None:
    """Values that differ, of a rule whose elements count for each other, are judged with the whole tensor."""
    unit = unit_of(entry("torch.Adafactor"), "hyperparameters/tensor-lr", path="foreach", dtype="float16")
    result = result_of(unit, session)
    assert result.verdict is Verdict.PASS
    assert result.figures.undecided < result.figures.element_cases


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.identifier)
def test_the_script_of_a_clause_defines_every_name_that_it_reads(clause: Clause) -> None:
    """No script of a breach ends with a NameError, whatever its experiment uses."""
    text = assembled(clause.sentence, [], held=experiment(clause))
    program = ast.parse(text).body
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
    assert names_read(text) <= {name.partition(".")[0] for name in known} | set(dir(builtins))


def test_a_stored_case_with_settings_of_another_is_no_case_of_the_subject(session: Session) -> None:
    """A case that gives a bad value to a setting that the subject calls otherwise is not replayed on it."""
    clause = BY_IDENTIFIER["hyperparameters/refused"]
    subject = subject_of(entry("torch.AdamW"), session)
    case = next(iter(clause.cases(subject)))
    assert clause.asks(subject, case)
    others = [["rate", *rest] for _, *rest in case.arguments["bad"]]
    assert not clause.asks(subject, dataclasses.replace(case, arguments={**case.arguments, "bad": others}))
