"""What an optimizer refuses of its rule's domain costs one finding, and no other result."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import sympy as sp

from conformance.catalogue.numpy_references import judged_rules
from conformance.engine.evidence import Tally
from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.recognition.ends import Bracket, Taken
from conformance.recognition.optimizer import recognise
from conformance.report import gates
from conformance.report.model import Report
from impls.catalogue.entries import Ends, Implementation
from impls.session import Session
from spec import rules as book
from spec.mutants import RuleMutant, mutants
from spec.rule import NONNEGATIVE, UNIT, Domain
from spec.symbols import lr, theta_t
from tests.builders import result_of, results_of, unit_of

FUSSY = Path(__file__).parents[1] / "quality" / "fussy_optimizers.py"
ASKED = ("agreement/local", "hyperparameters/whole-domain", "elements/every-parameter")
INF = float("inf")


def found(name: str, session: Session, rule: str = "adamw") -> Implementation:
    """Return what is found out about an optimizer that refuses something."""
    return recognise(f"{FUSSY}:{name}", rule, {}, session)


def status(results: list[CellResult], *, strict: bool) -> int:
    """Return with what a run of these cells ends."""
    return gates.exit_status(Report("", "", 0, 0, {}, (), (), (), tuple(results), (), strict=strict))


REFUSALS = {
    "NoZeroRate": "lr=0.0",
    "RateAsserted": "lr=0.0",
    "RateAtMostOne": "lr=2.0",
    "BetaBelow": "betas[0]=0.99",
    "NoAmsgrad": "amsgrad=True",
    "NoHalf": "dtype=float16",
    "NoNumbers": "dimensions=0",
    "NoZeroMomentum": "momentum=0.0",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_is_one_finding_that_only_should_hold(name: str, session: Session) -> None:
    """The formula is judged within what is taken, and the run fails where it is strict alone."""
    item = found(name, session, "sgd" if name == "NoZeroMomentum" else "adamw")
    assert [str(refusal).partition(":")[0] for refusal in item.refusals] == [REFUSALS[name]]
    results = results_of(unit_of(item, *ASKED), session)
    local, *_ = (cell for cell in results if cell.cell.property == ASKED[0])
    assert (local.verdict, local.figures.refused) == (Verdict.PASS, 0)
    (failing,) = (cell for cell in results if cell.verdict is not Verdict.PASS)
    assert (failing.verdict, failing.level, len(failing.findings)) == (Verdict.FAIL, Level.SHOULD, 1)
    assert (status(results, strict=False), status(results, strict=True)) == (0, 1)


DOMAINS: dict[str, dict[str, Ends]] = {
    "Plain": {},
    "NoZeroRate": {"lr": (0.0, INF, True, True)},
    "RateAtMostOne": {"lr": (0.0, 1.0, False, False)},
    "BetaBelow": {"betas[0]": (0.0, 0.95, False, True)},
    "NoPair": {},
    "CrashesAtZero": {},
}


@pytest.mark.parametrize("name", DOMAINS)
def test_an_end_is_found_to_a_few_digits(name: str, session: Session) -> None:
    """Cases are drawn up to where the optimizer says that it takes no more."""
    assert found(name, session).domains == DOMAINS[name]


def test_formats_and_dimensions_that_are_refused_make_no_cell(session: Session) -> None:
    """What no parameter may be is drawn for none."""
    assert set(found("NoHalf", session).paths[0].dtypes) == {"float64", "float32", "bfloat16"}
    assert found("NoNumbers", session).ranks == (1, 9)
    assert found("Plain", session).ranks is None


def test_settings_that_are_refused_together_are_counted_and_the_others_judged(session: Session) -> None:
    """A refused combination ends no property: the cell says how many cases of how many were refused, and why."""
    item = found("NoPair", session)
    (refusal,) = item.refusals
    assert (refusal.setting, refusal.value, bool(refusal.beside)) == ("betas[0]", "0.0", True)
    (local,) = results_of(unit_of(item, "agreement/local", cases=30), session)
    assert local.verdict is Verdict.PASS
    assert 0 < local.figures.refused < local.figures.cases
    said = f"{local.figures.refused} of {local.figures.cases + local.figures.refused} cases are refused"
    assert local.reason.startswith(said)
    assert "ValueError: betas[0]=0 beside weight_decay" in local.reason


def test_a_cell_of_which_most_cases_are_refused_is_undecided(session: Session) -> None:
    """Too little is judged for a pass, and nothing is found for a failure."""
    (local,) = results_of(unit_of(found("NoPairAtAll", session), "agreement/local", cases=12), session)
    assert (local.verdict, local.findings) == (Verdict.UNDECIDED, ())
    assert "two settings are not to be changed at once" in local.reason


def test_an_accident_in_a_constructor_is_no_refusal(session: Session) -> None:
    """An exception that nobody made for the value is told as the error that it is."""
    item = found("CrashesAtZero", session)
    assert not item.refusals
    (local,) = results_of(unit_of(item, "agreement/local", cases=30), session)
    assert local.verdict is Verdict.ERROR
    assert "ZeroDivisionError during `construct`" in local.reason


def test_what_the_catalogue_declares_is_not_to_be_refused(session: Session) -> None:
    """The same refusal by an entry that declares its domain ends the property."""
    item = dataclasses.replace(found("NoPair", session), declared=True)
    (local,) = results_of(unit_of(item, "agreement/local", cases=30), session)
    assert local.verdict is Verdict.ERROR
    assert "ValueError during `construct`" in local.reason


ENDS: dict[str, tuple[Domain, float, Callable[[float], bool], float, float, tuple[float, bool]]] = {
    "up to 0.1": (NONNEGATIVE, 0.01, lambda value: value <= 0.1, 0.01, 1.0, (0.1, False)),
    "below 0.1": (NONNEGATIVE, 0.01, lambda value: value < 0.1, 0.01, 1.0, (0.1, True)),
    "from 3e-6": (NONNEGATIVE, 0.01, lambda value: value >= 3e-6, 0.01, 1e-8, (3e-6, False)),
    "above 3e-6": (NONNEGATIVE, 0.01, lambda value: value > 3e-6, 0.01, 0.0, (3e-6, True)),
    "from 0.875": (UNIT, 0.9, lambda value: value >= 0.875, 0.9, 0.5, (0.875, False)),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_between_two_values_has_the_fewest_digits(name: str) -> None:
    """A bound that somebody wrote is found as it was written."""
    _, _, takes, taken, refused, end = ENDS[name]
    bracket = Bracket(taken, refused)
    for _ in range(60):
        if (value := bracket.between) is not None:
            bracket.narrow(value, taken=takes(value))
    assert bracket.end == end


def test_only_the_values_around_the_default_are_taken() -> None:
    """Where what lies between is refused, values beyond it are not drawn either."""
    taken = Taken.around(UNIT, 0.9, {0.0, 0.1, 0.9}, {0.5, 0.99})
    assert taken.low == Bracket(0.9, 0.5)
    assert taken.high == Bracket(0.9, 0.99)


def test_a_step_that_raises_at_the_end_of_a_setting_costs_that_end_alone(session: Session) -> None:
    """It is told, and the formula is judged beside it in every case that is drawn."""
    item = found("DividesByItsRate", session)
    result = result_of(unit_of(item, "agreement/local", cases=24), session)
    assert (result.verdict, result.figures.outside) == (Verdict.ERROR, 0)
    assert "ZeroDivisionError during `step`" in result.reason
    assert result.figures.cases == 24


@pytest.mark.parametrize(
    ("ends", "narrower"),
    [
        ((0.0, 0.5), Domain(0.0, 0.5, high_open=True)),
        ((0.0, 0.0), Domain(0.0, 0.0)),
        ((0.0, 0.5, True, False), Domain(0.0, 0.5, low_open=True)),
        ((-1.0, 2.0, False, False), UNIT),
    ],
)
def test_a_narrower_domain_has_the_ends_that_are_asked_for(ends: Ends, narrower: Domain) -> None:
    """No end opens or closes that is the domain's own."""
    assert UNIT.within(*ends) == narrower
    assert narrower.inner in narrower


def test_a_tally_says_what_most_refused_cases_were_told() -> None:
    """The reason of a cell names the commonest refusal."""
    tally = Tally(cases=2, refused=["ValueError: a", "ValueError: b", "ValueError: b"])
    assert tally.refusal == "3 of 5 cases are refused by the constructor: ValueError: b"
    assert tally.mostly_refused


@pytest.mark.parametrize(("ends", "same"), [((0.0, INF, False, True), False), ((0.0, INF, True, False), True)])
def test_mutants_are_those_of_the_domain_that_is_taken(ends: Ends, same: bool) -> None:
    """What differs only where the learning rate is zero is the same for code that takes no such rate."""
    item = Implementation("a", "a:b", "sgd", (), domains={"lr": ends}, declared=False)
    (rule,) = judged_rules(item).values()
    line = rule.assignment(theta_t)
    halting = dataclasses.replace(line, expression=sp.Piecewise((line.expression, lr > 0), (0, True)))
    wrong = dataclasses.replace(rule, program=tuple(halting if one is line else one for one in rule.program))
    assert RuleMutant("update: none at zero", "", wrong, rule).equivalent is same


def test_mutants_of_a_setting_that_is_always_off_are_equivalent() -> None:
    """What a constructor does not take and what is then zero kills no mutant, and none of its mutants is alive."""
    item = Implementation("a", "a:b", "sgd", (), fixed={"dampening": 0.0}, declared=False)
    item = dataclasses.replace(item, domains={"momentum": (0.5, INF)})
    (rule,) = judged_rules(item).values()
    damped = [
        each for each in mutants(rule, book.family("sgd")) if each.name.endswith(("sign of -tau", "-tau off by 1e-6"))
    ]
    assert len(damped) == 2
    assert all(each.equivalent for each in damped)
