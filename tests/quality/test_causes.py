"""A cause is told once: what the code computes instead, and which cells that explains."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from conformance.claims import BY_IDENTIFIER
from conformance.diagnosis.alternatives import candidates, pairs
from conformance.diagnosis.causes import _wrong, causes
from conformance.diagnosis.diagnosing import diagnose
from conformance.diagnosis.hypothesis import Sort
from conformance.diagnosis.places import followed, place_of, place_of_step
from conformance.diagnosis.readings import of_lines
from conformance.diagnosis.recordings import recorded
from conformance.diagnosis.regimes import StepElement, regime, switched, told
from conformance.engine.claim import Plan
from conformance.engine.drawing import draw
from conformance.engine.evidence import RAISED, Tally
from conformance.engine.judging import verdict
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Cause, Cell, CellResult, Finding, Level, Verdict
from conformance.optimizers.cases import GroupCase
from conformance.optimizers.strategies import local_cases
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session
from reference.undefined import Undefined
from spec import rules as book
from tests.builders import entry, subject_of

FILE = Path(__file__).with_name("wrong_optimizers.py")
PLAN = Plan(4, 64, 0)
COMPUTES = {
    "EpsilonInside": "this is adam(decay=decoupled, epsilon=inside)",
    "SecondGroup": "as if lr in the line of the update were that of the first group",
    "DecayAfter": "update: decay after the update",
    "WeightInFloat32": "as if scalars were computed in float32",
}
UNTRACED = """
import importlib.util, os, sys

spec = importlib.util.spec_from_file_location("right", {file!r})
right = importlib.util.module_from_spec(spec)
spec.loader.exec_module(right)


class Untraced(right.AdamW):
    def update(self, p, gradient, group):
        if sys.gettrace() is not None:
            os._exit(3)
        return super().update(p, gradient, group)
"""
PLACES = {
    "SecondGroup": ("theta", "p.addcdiv_("),
    "DecayAfter": ("theta", "p.mul_("),
    "WeightInFloat32": ("v", 'state["exp_avg_sq"].mul_('),
}


def _written_at(place: str) -> str:
    """Return the line of source at a place."""
    file, _, line = place.rpartition(" in ")[0].rpartition(":")
    return Path(file).read_text().splitlines()[int(line) - 1].strip()


def _subject(name: str, session: Session) -> WorkerSubject:
    item = recognise(f"{FILE}:{name}", "adamw", {"decay": "decoupled", "epsilon": "outside"}, session)
    return subject_of(item, session, dtype="float64")


def _judged(subject: WorkerSubject, name: str) -> CellResult:
    claim = BY_IDENTIFIER[OPTIMIZERS][name]
    return verdict(subject, claim, subject.cell(name), claim.judge(subject, PLAN), PLAN)


def _causes(name: str, claims: list[str], session: Session) -> tuple[Cause, ...]:
    subject = _subject(name, session)
    return causes([_judged(subject, claim) for claim in claims], lambda _: subject)


@pytest.mark.parametrize("name", ["SecondGroup", "DecayAfter", "WeightInFloat32"])
def test_a_mistake_is_named(name: str, session: Session) -> None:
    """Of all hypotheses the one that holds says what the optimizer computes instead, and in which line."""
    subject = _subject(name, session)
    found = diagnose(subject, ())
    assert found.best is not None
    assert found.best.title == COMPUTES[name]
    assert found.failing
    quantity, line = PLACES[name]
    finding = _finding("agreement/local", quantity, "1")
    assert _written_at(place_of(subject, found.best, [finding], found.failures)).startswith(line)


def test_a_count_that_is_the_groups_is_named_and_no_wide_enclosure_instead(session: Session) -> None:
    """What holds a late parameter only since its bias corrections may be zero, in a low precision, explains nothing."""
    subject = _subject("OneCountAGroup", session)
    result = _judged(subject, "groups/late-first-gradient")
    assert result.verdict is Verdict.FAIL
    (cause,) = causes([result], lambda _: subject)
    assert cause.title == "as if a parameter counted the steps of its whole group"


def test_an_optimizer_without_a_mistake_has_no_diagnosis(session: Session) -> None:
    """Where every result is legal there is nothing to explain."""
    found = diagnose(_subject("AdamW", session), ())
    assert (found.best, found.failing) == (None, 0)


def test_one_cause_explains_every_property_of_the_arithmetic(session: Session) -> None:
    """A wrong denominator is one cause of all findings, and names the line that updates the parameter."""
    claims = ["agreement/local", "agreement/trajectory", "bias-correction/constant-gradient"]
    (cause,) = _causes("EpsilonInside", claims, session)
    assert cause.title == COMPUTES["EpsilonInside"]
    assert {cell.property for cell in cause.explains} == set(claims)
    assert cause.level is Level.MUST
    assert _written_at(cause.where).startswith("p.addcdiv_(")


def test_a_count_that_float32_stops_is_no_cause_of_wrong_values(session: Session) -> None:
    """What is computed otherwise does not explain a count: it is told beside that, with what stops it."""
    claims = ["agreement/local", "state/step-count"]
    values, count = _causes("EpsilonInside", claims, session)
    assert values.title == COMPUTES["EpsilonInside"]
    assert {cell.property for cell in values.explains} == {"agreement/local"}
    assert count.title == "t: 16777216"
    assert count.diagnosis.startswith("The step count grows by one at every step, beyond 2^24 steps too; a count in")
    assert {cell.property for cell in count.explains} == {"state/step-count"}


def test_what_only_should_hold_is_a_cause_of_its_own(session: Session) -> None:
    """A setting that is not refused is told apart from results that are wrong, and at its level."""
    subject = _subject("EpsilonInside", session)
    found = _judged(subject, "hyperparameters/refused-in-group")
    (cause,) = causes([found], lambda _: subject)
    assert cause.level is Level.SHOULD
    assert cause.explains == (found.cell,)


def test_a_legal_value_that_is_refused_and_a_wrong_one_that_is_taken_are_two_causes() -> None:
    """What refuses lr=0 and takes NaN has two reasons, though both stand where settings are checked."""
    seen = {
        "hyperparameters/whole-domain": "lr of 0",
        "hyperparameters/refused": "lr of nan",
        "hyperparameters/refused-in-group": "eps of nan",
    }
    found = [_finding(name, what, "refused or not") for name, what in seen.items()]
    results = [CellResult(f.cell, Verdict.FAIL, findings=(f,)).at(Level.SHOULD) for f in found]
    told = [{cell.property for cell in cause.explains} for cause in causes(results, _nobody)]
    assert told == [{"hyperparameters/whole-domain"}, {"hyperparameters/refused", "hyperparameters/refused-in-group"}]


def test_findings_with_one_exception_are_one_cause() -> None:
    """A clause that reports an exception in its values joins the cells in which the same is raised."""
    first = _finding("state/deepcopy", RAISED, "AttributeError: no such thing")
    second = _finding("life/interleaved", "act 2, step", "AttributeError: no such thing")
    third = _finding("groups/empty", "beside empty groups", "0.5")
    results = [CellResult(f.cell, Verdict.FAIL, findings=(f,)) for f in (first, second, third)]
    told = {cause.title: {cell.property for cell in cause.explains} for cause in causes(results, _nobody)}
    assert told == {
        "it raises AttributeError: no such thing": {"state/deepcopy", "life/interleaved"},
        "groups/empty: beside empty groups": {"groups/empty"},
    }


@pytest.mark.parametrize(
    ("features", "share", "expected"),
    [
        ("after the first step", 1.0, True),
        ("after the first step", 0.5, False),
        ("where the gradient is not 0", 1.0, False),
    ],
)
def test_what_is_wrong_in_all_later_steps_and_in_no_other_is_no_rounding(
    features: str, share: float, expected: bool
) -> None:
    """A rounding is wrong in some elements of such steps, or wherever it shows in an element."""
    wrong = [StepElement(frozenset({features}), place < 20 * share, 2.0, {"t": 2.0}, 1) for place in range(20)]
    right = [StepElement(frozenset({"else"}), False, 1.0, {"t": 1.0}, 1) for _ in range(20)]
    assert switched([*wrong, *right]) == expected


def test_elements_that_cannot_be_squared_do_not_hide_where_all_is_wrong() -> None:
    """What is wrong in a second moment does not show where the square of the gradient underflows."""
    first, later = frozenset({"in the first step"}), frozenset({"after the first step"})
    wrong = [StepElement(first, wrong=True, factor=2.0, scalars={"t": 1.0}, size=1)] * 20
    blind = [dataclasses.replace(wrong[0], wrong=False, plain=False)] * 20
    right = [StepElement(later, wrong=False, factor=1.0, scalars={"t": 2.0}, size=1)] * 20
    assert switched([*wrong, *blind, *right])
    assert told([*wrong, *blind, *right])[0] == "wrong only in the first step, and always there"


def test_what_is_wrong_in_large_tensors_alone_is_no_rounding() -> None:
    """Their size is told, and no factor that is 1."""
    wrong = [StepElement(frozenset(), wrong=True, factor=1.0, scalars={"t": 1.0}, size=5000)] * 20
    right = [dataclasses.replace(wrong[0], wrong=False, size=60)] * 20
    assert switched([*wrong, *right])
    (said,) = (said for said in told([*wrong, *right]) if "5,000" in said)
    assert said == "wrong only in tensors of 5,000 elements or more, the largest right one is 60"
    assert not any("times" in said for said in told([*wrong, *right]))


def test_values_that_are_no_numbers_are_called_so() -> None:
    """Where every value is NaN, or infinite, the title says so; beside others they are wrong."""
    titles = [
        _wrong([_finding("a/b", "theta", value) for value in values])
        for values in (("nan", "nan"), ("-inf", "inf"), ("nan", "1"))
    ]
    assert titles == ["not a number: theta", "infinite: theta", "wrong: theta"]


def _nobody(cell: Cell) -> WorkerSubject:
    raise LookupError(f"nothing of {cell} can be asked")


def _finding(name: str, quantity: str, value: str) -> Finding:
    cell = Cell("mine.Adam", "default", "cpu", "float32", name)
    legal, case = ("", ""), {"kind": "clause", "stored": {}}
    texts = ("", "", "", case, legal, legal, value, "", "", "compared exactly", "", "", "")
    return Finding(name, cell, "A sentence.", quantity, *texts)


def test_a_clause_that_compares_runs_is_explained_by_a_class_that_does_the_same(session: Session) -> None:
    """Groups that step alike are no cause of their own beside a setting that is read of the first group."""
    claims = ["agreement/local", "groups/own-settings"]
    found = _causes("SecondGroup", claims, session)
    assert [cause.title for cause in found] == [COMPUTES["SecondGroup"]]
    assert {cell.property for cell in found[0].explains} == set(claims)


def test_two_mistakes_are_looked_for_where_switches_have_lines_of_their_own(session: Session) -> None:
    """Lines that only one variant of a rule has stand beside those of the others."""
    subject = _subject("EpsilonInside", session)
    switched = dataclasses.replace(
        subject, rules={**subject.rules, ("amsgrad",): book.build("adamw", {"amsgrad": "raw"})}
    )
    lines = [each for each in candidates(switched) if each.sort is Sort.LINE]
    (own, *_), (shared, *_) = ([each for each in lines if (() in each.rules) is both] for both in (False, True))
    for two in (pairs([own, shared]), pairs([shared, own])):
        assert [set(each.rules) for each in two] == [{(), ("amsgrad",)}]


def test_a_setting_that_only_one_variant_has_is_no_question_to_the_others(session: Session) -> None:
    """A reading of a setting that a case does not have holds nothing there, and ends nothing."""
    strange = f"{FILE.parents[1] / 'conformance' / 'strange_optimizers.py'}:DecaysByTheSameForAll"
    item = recognise(strange, "sgd", {"decay": "decoupled"}, session)
    subject = subject_of(item, session)
    plain, other = subject.rules[()], book.build("sgd", {"decay": "decoupled", "nesterov": "yes"})
    both = dataclasses.replace(subject, rules={(): plain, ("nesterov",): other}, fixed={})
    damped = [each for each in of_lines(both) if "dampening" in each.title]
    (run,) = itertools.islice(recorded(subject, draw(local_cases(subject.rules, subject.fixed, 4), 1, 0)), 1)
    case = dataclasses.replace(run.case, switches=("nesterov",), groups=tuple(map(_undamped, run.case.groups)))
    assert damped
    assert {dataclasses.replace(run, case=case).judged(both, each) for each in damped} == {None}


def test_states_of_rows_and_columns_are_no_elements_of_a_step(session: Session) -> None:
    """Where values are wrong is told of parameters, whose states may have another size."""
    subject = subject_of(entry("torch.Adafactor"), session, dtype="float64")
    runs = list(recorded(subject, draw(local_cases(subject.rules, subject.fixed, 32), 2, 0)))
    elements = regime(subject, runs)
    assert elements
    assert not any(element.wrong for element in elements)


@pytest.fixture
def fails_with(session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Tally | None]:
    """Return what a hypothesis is judged as whose evaluation raises."""
    subject = subject_of(entry("torch.SGD"), session, dtype="float64")
    (run,) = recorded(subject, draw(local_cases(subject.rules, subject.fixed, 4), 1, 0))
    first = candidates(subject)[0]

    def judged(error: Exception) -> Tally | None:
        monkeypatch.setattr("conformance.optimizers.agreement.judge", Mock(side_effect=error))
        return run.judged(subject, first)

    return judged


def test_a_formula_without_a_value_in_a_case_is_no_hypothesis_about_it(
    fails_with: Callable[[Exception], Tally | None],
) -> None:
    """It ends no diagnosis, and whatever else an evaluation raises is raised."""
    assert fails_with(Undefined("a number has no reciprocal at 0")) is None
    with pytest.raises(KeyError, match="tau"):
        fails_with(KeyError("tau"))


def test_a_formula_of_matrices_is_no_hypothesis_about_vectors(session: Session) -> None:
    """It has no rows or columns to take means of; about matrices the formula of vectors is one."""
    ranks = {
        name: {rule.ranks[0] for item in candidates(subject_of(entry(name), session)) for rule in item.rules.values()}
        for name in ("torch.Adafactor on vectors", "torch.Adafactor")
    }
    assert ranks == {"torch.Adafactor on vectors": {0}, "torch.Adafactor": {0, 2}}


def _undamped(group: GroupCase) -> GroupCase:
    kept = {name: value for name, value in group.hyperparameters.items() if name != "tau"}
    return dataclasses.replace(group, hyperparameters=kept)


def test_lines_that_write_are_found_in_functions_of_their_own(session: Session) -> None:
    """For the parameter and each state a step names the lines that write it, in their order."""
    subject = _subject("AdamW", session)
    (case,) = draw(local_cases(subject.rules, subject.fixed, 4), 1, 0)
    (run,) = recorded(subject, [case])
    lines = {key: [_written_at(place)[:12] for place in places] for key, places in followed(subject, run).items()}
    assert lines == {
        "parameter": ["p.mul_(1 - g", "p.addcdiv_(s"],
        "exp_avg": ['state["exp_a'],
        "exp_avg_sq": ['state["exp_a'],
    }


def test_a_place_of_the_framework_is_told_where_the_step_is_its_own(session: Session) -> None:
    """An optimizer of torch is followed into its own file, and not into the rest of torch."""
    subject = subject_of(entry("torch.Adadelta"), session, dtype="float64")
    (case,) = draw(local_cases(subject.rules, subject.fixed, 4), 1, 0)
    (run,) = recorded(subject, [case])
    files = {place.rpartition(":")[0] for places in followed(subject, run).values() for place in places}
    assert {Path(file).parent.name for file in files} == {"optim"}


def test_a_step_that_dies_when_it_is_followed_has_the_place_of_its_step(tmp_path: Path, session: Session) -> None:
    """Where the code cannot be followed line by line the cause still says where its step begins."""
    target = tmp_path / "untraced.py"
    target.write_text(UNTRACED.format(file=str(FILE)))
    item = recognise(f"{target}:Untraced", "adamw", {"decay": "decoupled", "epsilon": "outside"}, session)
    subject = subject_of(item, session, dtype="float64")
    (case,) = draw(local_cases(subject.rules, subject.fixed, 4), 1, 0)
    place = place_of(subject, None, [_finding("agreement/local", "theta", "1")], list(recorded(subject, [case])))
    assert place.endswith(" in step")


def test_a_decorated_method_is_placed_where_it_is_defined(session: Session) -> None:
    """The line is that of its ``def``, and not that of a decorator above it."""
    assert _written_at(place_of_step(_subject("AdamW", session))) == "def step(self, closure=None):"
