"""Standalone scripts: how they end, what they import, and what they do with names that others chose."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import math
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from conformance.contract.observation import RAISED
from conformance.engine.script_builder import (
    BOUND,
    STANDARD,
    assembled,
    comment,
    compared,
    docstring,
    ending,
    literal,
    raising,
    repeated,
    target,
)
from conformance.engine.script_source import names_read, source
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.script import script
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.recognition.optimizer import recognise
from impls.libraries import LIBRARIES
from impls.session import Session
from reference.formats import FLOAT32, FLOAT64
from tests.conftest import run_copied
from tests.preloaded import Interpreter

Run = Callable[..., Any]
HOSTILE = 'a"""b\\\'{0}\n%s\x00#'
WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
VALUES = {"theta": (1.0,), "m": (0.5,), "v": (0.25,), "g": (2.0,)}
ADAMW = {"eta": 0.5, "lambda": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}


@pytest.fixture(scope="module")
def session() -> Any:
    """Return one worker for all tests."""
    with Session() as started:
        yield started


@pytest.fixture
def subject(session: Session) -> WorkerSubject:
    """Return the right AdamW among the wrong ones."""
    item = recognise(f"{WRONG}:AdamW", "adamw", {}, session)
    return worker_subject(item, item.paths[0], "cpu", FLOAT32, session)


def named(subject: WorkerSubject, name: str) -> WorkerSubject:
    """Return a subject with another class of the file behind it."""
    item = dataclasses.replace(subject.implementation, target=f"{WRONG}:{name}", identifier=name)
    return dataclasses.replace(subject, implementation=item)


def failure(quantity: str, count: int = 0, legal: tuple[float, float] = (math.nan, math.nan)) -> Outside:
    """Return a failure of one element of AdamW's first step, or of a later one."""
    case = Case((), (GroupCase(ADAMW, (TensorCase((1,), count, values=VALUES),)),))
    return Outside(case, quantity, 0, 0, {**ADAMW, "t": count + 1.0}, {}, legal, math.nan)


@pytest.mark.parametrize(("value", "status"), [("0.5", 0), ("2.0", 3), ("math.nan", 3), ("-0.0", 0)])
def test_a_value_outside_is_shown_by_status_and_word(run_script: Run, value: str, status: int) -> None:
    """A value within the interval ends a script with 0, one beyond it and a NaN with 3."""
    ended = run_script(assembled("A value.", ["import math", *compared("x", value, (0.0, 1.0))]))
    assert ended.status == status
    assert ended.said.startswith("shown: x = " if status else "not shown: x = ")
    assert ended.said.endswith("; legal: from 0.0 to 1.0\n")


def test_a_script_that_cannot_be_tried_fails_the_test_that_runs_it(run_script: Run, shows: Run, shows_not: Run) -> None:
    """An exception that is not the finding ends a script with 1, which neither answer accepts."""
    text = assembled("Nothing.", ["import no_such_module", *ending("True", "it is so")])
    assert run_script(text).status == 1
    for judged in (shows, shows_not):
        with pytest.raises(AssertionError, match="no_such_module"):
            judged(text)


def test_a_status_without_the_word_fails_the_test_that_runs_it(shows: Run, shows_not: Run) -> None:
    """A script that ends with 3 or 0 of itself has shown nothing and refuted nothing."""
    with pytest.raises(AssertionError):
        shows("print('not shown: x'); raise SystemExit(3)")
    with pytest.raises(AssertionError):
        shows_not("print('shown: x')")


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ("raise KeyError('x')", "KeyError: 'x'", 3),
        ("raise KeyError('x')", "KeyError during `step`: 'x'", 3),
        ("raise KeyError('x')", "", 3),
        ("raise ValueError('x')", "KeyError: 'x'", 1),
        ("pass", "KeyError: 'x'", 0),
        ("os._exit(4)", "the worker ended with status 4; look", 3),
        ("os.kill(os.getpid(), 9)", "the worker was ended by SIGKILL; look", 3),
        ("raise ValueError('x')", "the worker was ended by SIGKILL; look", 1),
        ("pass", "the worker was ended by SIGKILL; look", 0),
    ],
)
def test_the_exception_that_was_seen_is_shown_and_no_other(run_script: Run, line: str, said: str, status: int) -> None:
    """The kind that was seen ends a script with 3, another with 1, and the end of the process with 3."""
    ended = run_script(assembled("A stop.", raising([line], said)))
    assert ended.status == status, ended.errors
    assert ended.said.startswith({3: "shown: ", 0: "not shown: ", 1: ""}[status])


@pytest.mark.parametrize(
    "line",
    [
        "print(sorted(set(globals()) - {'__annotations__', '__cached__', '__loader__', '__spec__'}), sys.argv)",
        "print(__name__, __file__, sys.modules['__main__'].sys is sys, os.getcwd(), sys.path)",
        "import atexit; atexit.register(print, 'later'); sys.exit(3)",
        "sys.stderr.write('of error'); sys.exit('a sentence')",
        "print('lost'); os._exit(4)",
        "os.kill(os.getpid(), 9)",
        "print(pickle.loads(pickle.dumps(Own)), sys.stdin.read())",
        "raise KeyError('x')",
    ],
)
def test_a_script_ends_among_the_tests_as_in_an_interpreter_of_its_own(
    tmp_path: Path, run_script: Run, interpreter: Interpreter, line: str
) -> None:
    """A copy of an interpreter that has torch gives a script the names, the status and the words of a new one."""
    fresh = run_script(f"import os\nimport pickle\nimport sys\n\n\nclass Own: ...\n\n\n{line}\n")
    copied = run_copied(interpreter, tmp_path / "finding.py")
    assert (copied.status, copied.said) == (fresh.status, fresh.said)
    assert copied.errors.splitlines()[-1:] == fresh.errors.splitlines()[-1:]


def test_lines_that_never_end_are_shown(run_script: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step without an answer is given up after its time."""
    monkeypatch.setattr("conformance.engine.script_builder.SECONDS", 0.5)
    body = raising(["import time", "time.sleep(60)"], "the worker gave no answer within 60 s; look")
    ended = run_script(assembled("A hang.", body))
    assert (ended.status, ended.said[:7]) == (3, "shown: ")


def test_text_of_others_stays_text(run_script: Run) -> None:
    """Quotes, braces, backslashes, NUL and newlines of names neither end a string nor a comment."""
    lines = [*comment(HOSTILE), f"given = {literal({HOSTILE: [HOSTILE, math.inf]})}"]
    text = assembled(HOSTILE, [*lines, *compared(HOSTILE, "2.0", (0.0, 1.0))])
    tree = ast.parse(text)
    assert "\x00" not in text
    assert ast.get_docstring(tree) == " ".join(HOSTILE.split())
    ended = run_script(text)
    assert ended.status == 3, ended.errors
    assert ended.said.startswith('shown: a"""b\\\'{0} %s\x00# = 2.0')
    assert len(ended.said.splitlines()) == 1


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, math.inf, -math.inf, [1e300, (1,), {"a": None}], True])
def test_a_value_is_written_exactly(value: Any) -> None:
    """What is written of a value is read as that value."""
    assert repr(eval(literal(value), {})) == repr(value)  # noqa: S307 - what was just written


def test_a_docstring_ends_where_it_should() -> None:
    """No text ends a docstring, its last character a quote or a backslash."""
    for text in ('"', '""""', "\\", 'a\\"', "ü\u2028\ud800"):
        assert ast.literal_eval(docstring(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    "attribute", ["Right", "Outer.Inner", "optimizer", "torch", "print", "class", 'a"""b', "p0", "a'\nimport os"]
)
def test_a_target_of_any_name_is_called(tmp_path: Path, run_script: Run, attribute: str) -> None:
    """A class of a file is imported whatever its name, hides nothing of ours, and can be pickled."""
    file = tmp_path / "their own.py"
    file.write_text(f"class Outer:\n    class Inner: pass\n\nglobals()[{attribute!r}] = Outer\n")
    item = target(f"{file}:{attribute}")
    body = [f"pickle.loads(pickle.dumps({item.name}()))", "print(len('ab'))", *ending("True", "it is called")]
    ended = run_script(assembled("A name.", body, [item]))
    assert ended.status == 3, ended.errors
    assert item.name.isidentifier()


def test_a_module_of_the_current_directory_is_found_from_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, run_script: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module beside which the judge was started is imported by a script that runs somewhere else."""
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "their_optimizers.py").write_text("class Mine: pass\n")
    monkeypatch.chdir(folder)
    text = assembled("A module.", ["Mine()", *ending("True", "it is found")], [target("their_optimizers:Mine")])
    assert run_script(text).status == 3


def test_equal_steps_are_written_once() -> None:
    """Blocks that follow each other unchanged become a loop."""
    assert repeated([["a"], ["a"], ["b"], ["a"]]) == ["for _ in range(2):", "    a", "b", "a"]


def test_source_stands_by_itself() -> None:
    """A definition brings what it uses from modules beside it, and the names left out stay out."""
    held = source(files("impls").joinpath("worker"), "torch_lbfgs", "LBFGS", without={"resolve"})
    assert "PAIRS = " in held.text
    assert "def resolve" not in held.text
    assert names_read(held.text) - {*dir(builtins), *held.imports, "PAIRS", "LBFGS"} == {"resolve"}


def bound(text: str) -> set[str]:
    """Return the names that a script binds after its definitions."""
    body = [node for node in ast.parse(text).body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return {
        node.id
        for part in body
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


@pytest.mark.parametrize("count", [0, 3])
def test_a_wrong_value_of_torch_is_shown_and_a_right_one_is_not(
    subject: WorkerSubject, shows: Run, shows_not: Run, count: int
) -> None:
    """The script of a wrong optimizer shows it, and with the right one in its place does not."""
    decayed, first, second = 0.75, 1.25 if count else 1.0, (0.1875 if count else 0.0) + 1.0
    t = count + 1
    expected = decayed - 0.5 * (first / (1 - 0.5**t)) / ((second / (1 - 0.75**t)) ** 0.5 + 1.0)
    outside = failure("theta", count, (expected - 1e-5, expected + 1e-5))
    text = script(named(subject, "EpsilonInside"), outside)
    shows(text)
    assert bound(text) <= BOUND | {"p0", "EpsilonInside"}
    shows_not(text.replace("module.EpsilonInside", "module.AdamW"))
    assert text.count("first_state") == (2 if count else 0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Raises", "ValueError during `step`: no step today"),
        ("Killed", "the worker was ended by SIGKILL; look"),
        ("Exits", "the worker ended with status 4; look"),
    ],
)
def test_a_stop_is_shown_and_a_step_that_is_made_is_not(
    subject: WorkerSubject, shows: Run, shows_not: Run, name: str, said: str
) -> None:
    """The script of an exception, a signal or an exit shows it; with the right optimizer it does not."""
    text = script(named(subject, name), failure(RAISED), said)
    shows(text)
    shows_not(text.replace(f"module.{name}", "module.AdamW"))


def test_states_keep_their_types(tmp_path: Path, session: Session, shows: Run) -> None:
    """A count that is a plain int stays one, and a state of no formula is there: the step of a later t."""
    file = tmp_path / "counting.py"
    file.write_text(
        WRONG.read_text()
        .replace('state["step"] = torch.tensor(0.0)', 'state["step"], state["seen"] = 0, []')
        .replace('t = self.count(state["step"].item())', 't = [None, 1, 2, 3, 4][state["step"]]')
        .replace("gradient = self.decay", 'state["seen"].append(t)\n        gradient = self.decay')
    )
    item = dataclasses.replace(recognise(f"{WRONG}:AdamW", "adamw", {}, session), target=f"{file}:AdamW")
    subject = worker_subject(item, item.paths[0], "cpu", FLOAT32, session)
    ended = shows(script(subject, failure("t", 3, (5.0, 5.0))))
    assert "t = 4.0" in ended.said


def test_a_sparse_gradient_is_given_as_one(session: Session, shows_not: Run) -> None:
    """The script of an optimizer of sparse gradients gives it sparse gradients."""
    item = dataclasses.replace(
        recognise(f"{WRONG}:AdamW", "adamw", {}, session),
        target="torch.optim:SparseAdam",
        gradient="sparse",
        keywords={"weight_decay": ()},
    )
    subject = worker_subject(item, item.paths[0], "cpu", FLOAT64, session)
    values = {name: value * 2 for name, value in VALUES.items()}
    case = Case((), (GroupCase(ADAMW, (TensorCase((2, 1), 0, values=values),)),))
    outside = Outside(case, "theta", 0, 0, {**ADAMW, "t": 1.0}, {}, (-1.0, 1.0), math.nan)
    text = script(subject, outside)
    assert "rows(torch.full" in text
    shows_not(text)


def test_a_transformation_is_written_with_what_it_needs() -> None:
    """The script of optax parses, makes equal steps in a loop and ends as all scripts do."""
    item = next(i for i in LIBRARIES["optax"].implementations if i.identifier == "optax.adam")
    subject = worker_subject(item, item.paths[0], "cpu", FLOAT32, None)  # type: ignore[arg-type]
    settings = {"eta": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    case = Case((), (GroupCase(settings, (TensorCase((1,), 3, values=VALUES),)),))
    text = script(subject, Outside(case, "m", 0, 0, {}, {}, (0.0, 1.0), 2.0))
    assert "from optax import adam\n" in text
    assert bound(text) <= BOUND
    assert text.endswith("sys.exit(3 if shown else 0)\n")
    assert names_read(text) <= {*dir(builtins), *BOUND, *STANDARD, "adam"}


def test_no_function_of_an_experiment_has_the_name_of_one_that_it_calls() -> None:
    """A script has the functions of an experiment and of what its module imports side by side: each name is one."""
    contract = Path(str(files("impls").joinpath("worker", "contract")))
    parsed = {path.stem: ast.parse(path.read_text()) for path in sorted(contract.glob("*.py"))}
    kinds = (ast.FunctionDef, ast.ClassDef)
    own = {module: {node.name for node in tree.body if isinstance(node, kinds)} for module, tree in parsed.items()}

    def beneath(module: str) -> set[str]:
        imports = (node for node in parsed[module].body if isinstance(node, ast.ImportFrom) and node.level == 1)
        first = {node.module for node in imports if node.module in parsed}
        return first.union(*map(beneath, first))

    clashes = {
        f"{module}.{name}": other for module in parsed for other in beneath(module) for name in own[module] & own[other]
    }
    assert clashes == {}
