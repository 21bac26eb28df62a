"""A right optimizer is judged however it is called: as a function, with names, with flags, in parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance import cli
from conformance.engine.verdict import Verdict
from conformance.recognition.constructor import Stated
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import result_of, results_of, unit_of
from tests.conftest import Run

FILE = Path(__file__).with_name("odd_constructors.py")
CALLED: list[tuple[str, str, Stated, dict[str, Any]]] = [
    ("functional_adam", "adam", Stated(), {"function": True}),
    ("make_adamw", "adamw", Stated(), {}),
    ("NeedsModel", "adamw", Stated(arguments={"model": "Name"}), {}),
    ("Named", "adamw", Stated(), {"flat": True, "named": True}),
    ("NeedsClosure", "adamax", Stated(), {}),
    ("NotAnOptimizer", "adam", Stated(), {}),
    ("Masters", "sgd", Stated(), {}),
    ("InGroups", "adam", Stated(flags={"heavy": False}), {"inside": True, "flags": {"heavy": False}}),
    ("InGroups", "sgd", Stated(flags={"heavy": True}), {"inside": True, "flags": {"heavy": True}}),
    ("SharesItsWork", "adamw", Stated(), {"flat": True, "alone": True}),
    ("ByShape", "adam", Stated(ranks=(0, 1)), {}),
    ("ByShape", "sgd", Stated(ranks=(2, 9)), {}),
]


@pytest.mark.parametrize(("name", "rule", "told", "calling"), CALLED)
def test_it_is_called_as_it_wants_to_be(
    name: str, rule: str, told: Stated, calling: dict[str, Any], session: Session
) -> None:
    """The way to call it is found, or said, and its formula agrees from any state."""
    item = recognise(f"{FILE}:{name}", rule, {}, session, told)
    assert item.calling == calling
    assert "" not in item.states.values()
    result = result_of(unit_of(item, "agreement/local", cases=2), session)
    assert result.verdict is Verdict.PASS, result.reason


HOOKS = ("state/hooks", "history/hook-raises", "whole/step-hooks", "whole/hook-arguments")
OWN_PROGRAM = "whole/leaves-nothing"


def test_what_is_no_optimizer_of_torch_has_no_hooks(session: Session) -> None:
    """Who wraps an optimizer without its base class promises no hooks and no schedulers: all else is judged."""
    item = recognise(f"{FILE}:Delegates", "adam", {}, session)
    seen = {(result.verdict, result.reason) for result in results_of(unit_of(item, *HOOKS), session)}
    assert seen == {(Verdict.NOT_APPLICABLE, "it is no torch.optim.Optimizer, whose base class brings hooks")}
    life = result_of(unit_of(item, "life/interleaved", cases=16), session)
    assert life.verdict is Verdict.PASS, life.reason


@pytest.mark.parametrize("name", ["Delegates", "make_adamw"])
def test_what_is_known_of_a_class_is_known_of_who_makes_or_holds_one(name: str, session: Session) -> None:
    """The float32 count of torch's own class is a known deviation behind a wrapper and from a function too."""
    rule, known = ("adam", "torch.Adam") if name == "Delegates" else ("adamw", "torch.AdamW")
    item = recognise(f"{FILE}:{name}", rule, {}, session)
    assert item.extends[0] == known
    assert result_of(unit_of(item, "state/step-count"), session).verdict is Verdict.DEVIATION


@pytest.mark.parametrize(
    ("name", "rule", "told"),
    [
        ("functional_adam", "adam", Stated()),
        ("HoldsModel", "adamw", Stated(arguments={"model": {"object": "torch.nn:Identity"}})),
        ("Named", "adamw", Stated()),
        ("NeedsClosure", "adamax", Stated()),
        ("InGroups", "adam", Stated(flags={"heavy": False})),
        ("SharesItsWork", "adamw", Stated()),
    ],
)
def test_a_program_of_its_own_calls_it_as_it_wants_to_be(name: str, rule: str, told: Stated, session: Session) -> None:
    """An object that is given, names, flags and a closure reach the optimizer there too."""
    item = recognise(f"{FILE}:{name}", rule, {}, session, told)
    assert result_of(unit_of(item, OWN_PROGRAM), session).verdict is Verdict.PASS


def test_a_script_gives_the_object_that_was_given(session: Session, shows: Run) -> None:
    """What a constructor is given by a name is imported by the script of a finding."""
    told = Stated(arguments={"model": {"object": "torch.nn:Identity"}})
    item = recognise(f"{FILE}:HoldsModel", "adamw", {}, session, told)
    result = result_of(unit_of(item, "gradients/not-modified"), session)
    assert result.verdict is Verdict.FAIL, result.reason
    script = result.findings[0].script
    assert "'model': Identity" in script
    shows(script)


def test_what_it_compiles_itself_runs_as_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing waits for a compiler, training compares the gradients that were given, and what was not run is said."""
    given = ["check", f"{FILE}:CompilesItsStep", "--rule", "sgd", "--dtype", "float32", "--budget", "1"]
    asked = ["agreement/local", "training/regression", "whole/leaves-nothing"]
    options = [word for name in asked for word in ("--property", name)]
    assert cli.main([*given, *options, "--output", str(tmp_path / "out")]) == 0
    printed = "".join(capsys.readouterr().out.split())
    assert "ascompiled:whatitgivestotorch.compileranaswritten" in printed
    assert "compiled_descent" in printed


def test_the_script_of_what_compiles_itself_runs_it_as_written(session: Session, shows: Run) -> None:
    """What was judged as it is written is shown as it is written."""
    item = recognise(f"{FILE}:CompilesItsStep", "sgd", {}, session)
    result = result_of(unit_of(item, "hyperparameters/refused"), session)
    assert result.verdict is Verdict.FAIL, result.reason
    script = result.findings[0].script
    assert "set_stance('force_eager')" in script
    shows(script)


def test_the_count_that_decides_is_found(session: Session) -> None:
    """Of a parameter's copy and the count of its group the one is set with which the formula agrees."""
    item = recognise(f"{FILE}:TwoCounts", "adam", {}, session)
    assert item.counter == "group:counted"
    results = results_of(unit_of(item, "agreement/local", "state/step-count", cases=2), session)
    assert [result.verdict for result in results] == [Verdict.PASS, Verdict.PASS]


def test_what_must_be_given_and_is_not_asked_for_is_none(session: Session) -> None:
    """A class that makes its steps with None for an argument is judged so, which is named."""
    item = recognise(f"{FILE}:RequiresWhatItForgets", "adamw", {}, session)
    assert item.untried == ("model (None is given)",)
    assert item.paths[0].constructor["model"] is None
    assert result_of(unit_of(item, "agreement/local", cases=2), session).verdict is Verdict.PASS


def test_a_switch_is_turned_over(session: Session) -> None:
    """One that is refused or changes nothing is done with; what may change a step keeps its name."""
    assert recognise(f"{FILE}:Named", "adamw", {}, session).untried == ("window", "halved")


def test_keywords_that_were_not_tried_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed has their count and their names."""
    given = ["check", f"{FILE}:Named", "--rule", "adamw", "--dtype", "float32", "--property", "state/step-count"]
    assert cli.main([*given, "--budget", "1", "--output", str(tmp_path / "out")]) in {0, 1}
    printed = " ".join(capsys.readouterr().out.split())
    assert "2 keywords of its constructor with other values than their defaults: window, halved" in printed


def test_what_has_a_process_group_of_its_own_is_said_not_to_have_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group of one process is no group of several, and what was not run is said."""
    given = ["check", f"{FILE}:SharesItsWork", "--rule", "adamw", "--dtype", "float32", "--property", "gradients/late"]
    assert cli.main([*given, "--budget", "1", "--output", str(tmp_path / "out")]) == 0
    assert "it asks for a process group, and has one of this process" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--setting", "rate=x"], "there is no setting `rate`"),
        (["--state", "m=x"], "there is no state `m`"),
        (["--argument", "model"], "`--argument model` needs a value"),
        (["--ranks", "2-1"], "--ranks 2-1 is no range of dimensions"),
    ],
)
def test_what_cannot_be_said_is_refused(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A setting or a state that the rule does not have, a value that is missing: the sentence names it."""
    assert cli.main(["check", f"{FILE}:Named", "--rule", "adamw", *given]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_what_is_gone_in_the_process_ends_no_trial(session: Session) -> None:
    """A proxy whose object is gone, as compilers leave them, is no reason to judge nothing."""
    item = recognise(f"{FILE}:BesideADeadProxy", "sgd", {}, session)
    assert result_of(unit_of(item, "gradients/not-modified"), session).verdict is Verdict.PASS


def test_what_several_parameters_share_is_no_state_of_one(session: Session) -> None:
    """A tensor with the moments of a whole group is not set for one parameter: trajectories judge, and it passes."""
    item = recognise(f"{FILE}:FlatMoments", "adam", {}, session)
    assert item.counter == "group:counts/*"
    assert set(item.states.values()) == {""}
    asked = ("agreement/trajectory", "state/step-count", "gradients/none", "gradients/late", "groups/own-settings")
    seen = results_of(unit_of(item, *asked, cases=3), session)
    assert {result.cell.property: result.verdict for result in seen} == dict.fromkeys(asked, Verdict.PASS)


@pytest.mark.parametrize(("rule", "heavy"), [("sgd", True), ("adam", False)])
def test_a_group_that_joins_says_what_every_group_must(rule: str, heavy: bool, session: Session) -> None:
    """Flags, and settings that stand in groups alone, are given to a group that is added later, too."""
    item = recognise(f"{FILE}:InGroups", rule, {}, session, Stated(flags={"heavy": heavy}))
    asked = ("groups/defaults-filled", "groups/added-mid-run", "life/interleaved")
    seen = results_of(unit_of(item, *asked, cases=3), session)
    assert {result.cell.property: result.verdict for result in seen} == dict.fromkeys(asked, Verdict.PASS)
