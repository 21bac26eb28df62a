"""The profile of code that declares none is found: the narrowest legal one that explains its results."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from conformance import claims
from conformance.catalogue.installed import version_of
from conformance.engine.evidence import Exhibit, Tally
from conformance.engine.judging import judge_unit
from conformance.engine.verdict import Verdict
from conformance.optimizers import agreement, mutants
from conformance.optimizers.agreement import _outside_both
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec import rules as book
from spec.derived_forms import derived_names, proven, with_derived_forms
from spec.rule import Form
from spec.symbols import theta_t
from tests.builders import result_of, subject_of, unit_of

ODD = Path(__file__).with_name("odd_arithmetic.py")
WRONG = Path(__file__).with_name("wrong_optimizers.py")
SETTINGS = "beta1, beta2, epsilon, eta, lambda"
EXPLANATIONS = {
    "ScaledEpsilon": "update: quotient scaled by sqrt(c2)",
    "OldDecay": "update: taken apart",
    "FoldedStepSize": "update: quotient scaled by sqrt(c2), reciprocal",
    "Lerp": "second moment: interpolated from g**2, by the weight left",
    "MirroredLerp": "first moment: interpolated from g, ",
    "Float64Inside": "scalars in float64, cast to compute; contraction allowed; root within 1 units; forms: as written",
    "CountInFloat32": "t as float32 tensors",
    "ScalarsInFloat32": f"{SETTINGS} as float32 tensors",
    "SettingsInTensors": f"{SETTINGS} as float32 tensors",
}


def found(name: str, session: Session, file: Path = ODD) -> WorkerSubject:
    """Return an AdamW of a file, as it is judged in float32."""
    return subject_of(recognise(f"{file}:{name}", "adamw", {}, session), session)


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_a_right_optimizer_passes_under_the_profile_that_explains_it(name: str, session: Session) -> None:
    """Whatever order or precision it computes in is found, printed with its cell, and is a pass."""
    item = recognise(f"{ODD}:{name}", "adamw", {}, session)
    result = result_of(unit_of(item, "agreement/local", cases=12), session)
    assert result.verdict is Verdict.PASS, result.reason
    assert result.profile.startswith("found: ")
    assert EXPLANATIONS[name] in result.profile


@pytest.mark.parametrize(
    ("name", "file"), [("ScaledByTheWrongCorrection", ODD), ("RateOffByMore", ODD), ("WeightInFloat32", WRONG)]
)
def test_no_profile_explains_a_mistake(name: str, file: Path, session: Session) -> None:
    """Scalars that are moved wrongly, or rounded in one place alone, are outside every legal profile.

    What float32 tensors of scalars explain better they do not explain, so that what doubles give is right too.
    """
    judged = found(name, session, file)
    assert judged.found is not None
    assert judged.found.exhausted
    assert judged.found.alternative == dataclasses.replace(judged.found.profile, single=frozenset())
    item = recognise(f"{file}:{name}", "adamw", {}, session)
    assert result_of(unit_of(item, "agreement/local", cases=6), session).verdict is Verdict.FAIL


def test_what_one_of_two_profiles_allows_is_not_wrong_where_none_explains_all(session: Session) -> None:
    """Of scalars that are doubles nothing is called wrong, though float32 tensors of them explained more."""
    subject = found("ScaledEpsilon", session)
    assert subject.found is not None
    every = frozenset(h.symbol.name for rule in subject.rules.values() for h in rule.hyperparameters)
    narrow = subject.with_profile(dataclasses.replace(subject.profile, single=every | {"t"}))
    outside = []
    for alternative in (None, subject.profile):
        tally: Tally = Tally()
        for item in subject.found.recorded:
            agreement.judge(item.case, item.prepared, item.outcome, narrow, tally, alternative=alternative)
        outside.append(tally.outside)
    assert outside[0] > outside[1] == 0


def test_what_is_between_two_profiles_is_allowed_by_neither() -> None:
    """Two intervals apart from each other are not one from the first to the last end."""
    first, second = (Interval(np.full(3, lo), np.full(3, lo + 1.0)) for lo in (0.0, 3.0))
    assert _outside_both(first, second, np.array([0.5, 2.0, 3.5])) == (1, 1)


def test_the_smallest_case_of_a_mistake_is_wrong_whatever_its_scalars_are(session: Session) -> None:
    """The interval that is printed holds what the formula gives."""
    item = recognise(f"{WRONG}:DecayAfterInLaterGroups", "adamw", {}, session)
    result = result_of(unit_of(item, "agreement/local", cases=12), session)
    assert result.verdict is Verdict.FAIL
    (finding,) = (each for each in result.findings if each.quantity == "θ")
    numbers = {**finding.case["hyperparameters"], **finding.case["before"]}
    eta, weight, eps = (float(numbers[name]) for name in ("eta", "lambda", "epsilon"))
    beta1, beta2, t = (float(numbers[name]) for name in ("beta1", "beta2", "t"))
    theta, m, v, g = (float(numbers[name]) for name in ("theta", "m", "v", "g"))
    first = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    second = (beta2 * v + (1 - beta2) * g * g) / (1 - beta2**t)
    exact = theta - eta * weight * theta - eta * first / (second**0.5 + eps)
    low, high = (float(end) for end in finding.legal)
    assert low <= exact <= high


def test_an_element_that_no_profile_explains_is_asked_alone_and_first(session: Session) -> None:
    """Of a mistake the failed elements tell what all of a case tells; where they are explained they say nothing."""
    told = []
    for name, file in (("WeightInFloat32", WRONG), ("ScaledEpsilon", ODD)):
        subject = found(name, session, file)
        assert subject.found is not None
        plain = Profile.from_mapping({}, "adamw")
        for item in subject.found.recorded:
            failed: Tally = Tally()
            agreement.judge(item.case, item.prepared, item.outcome, subject.with_profile(plain), failed)
            known = dataclasses.replace(item, failures=tuple(failed.failures))
            alone = known.outside_still(subject.profile, "")
            assert alone <= item.outside(subject.profile)
            told.append((name, bool(alone)))
    assert ("WeightInFloat32", True) in told
    assert ("ScaledEpsilon", True) not in told


def test_what_shows_only_far_inside_a_large_tensor_is_explained(session: Session) -> None:
    """A profile is looked for where values were outside, and not at the beginning of the tensor alone."""
    item = recognise(f"{ODD}:AnotherOrderFarIn", "adamw", {}, session)
    result = result_of(unit_of(item, "agreement/local", cases=12), session)
    assert result.verdict is Verdict.PASS, result.reason
    assert "taken apart" in result.profile or "reciprocal" in result.profile


def test_averages_that_are_kept_corrected_are_read_as_they_are(session: Session) -> None:
    """Where the states that are shown are the corrected averages, these are what each step is judged from."""
    item = recognise(f"{ODD}:CorrectedAverages", "adamw", {}, session)
    assert item.options == {"averages": "corrected"}
    assert not item.states
    assert result_of(unit_of(item, "agreement/local"), session).verdict is Verdict.PASS


def test_a_share_may_be_what_float32_leaves_of_it(session: Session) -> None:
    """A small weight that is computed as one less what is near one has lost digits, as any evaluation of it may."""
    item = recognise(f"{ODD}:ShareLeftOver", "adamw", {}, session)
    assert item.options == {"averages": "corrected"}
    result = result_of(unit_of(item, "agreement/local", cases=12), session)
    assert result.verdict is Verdict.PASS, result.reason


def test_an_average_that_one_line_alone_reads_may_be_interpolated_too(session: Session) -> None:
    """Lion's direction is the sign of an average that it does not keep: it begins at either end, as what is kept."""
    item = recognise(f"{ODD}:LionByMirroredLerp", "lion", {"decay": "decoupled"}, session)
    result = result_of(unit_of(item, "agreement/local", cases=12), session)
    assert result.verdict is Verdict.PASS, result.reason
    assert "interpolation: interpolated from m, by the weight left" in result.profile


def test_a_form_that_is_not_proven_is_no_form() -> None:
    """Every form that AdamW's update is rewritten as is proven, and one with a wrong sign is not."""
    rule = with_derived_forms(book.build("adamw"))
    line = rule.assignment(theta_t)
    names = derived_names(line)
    assert all(proven(rule, name) for name in names[:4])
    form = next(form for form in line.forms if form.name == names[0])
    wrong = Form("update: wrong", 2 * line.expression - form.expression + 1, by_name=True)
    changed = dataclasses.replace(line, forms=(*line.forms, wrong))
    program = tuple(changed if other is line else other for other in rule.program)
    assert not proven(dataclasses.replace(rule, program=program), wrong.name)


def test_no_declared_profile_has_derived_forms() -> None:
    """``*`` stands for the forms of the book: what is derived is used by its own name alone."""
    rule = with_derived_forms(book.build("adamw"))
    derived = [form for line in rule.program for form in line.forms if form.name in derived_names(line)]
    assert derived
    assert all(form.by_name for form in derived)
    assert not Profile.from_mapping({"forms": ["*"]}, "adamw").derived


def test_mutants_that_only_the_found_profile_lets_live_are_named(session: Session) -> None:
    """Where small weights are what a number near one leaves, one that is off by 1e-6 lives, and is named."""
    item = recognise(f"{ODD}:MirroredLerp", "adamw", {}, session)
    unit = unit_of(item, "agreement/local", cases=6, measure_power=True)
    judged = judge_unit(unit, claims.BY_IDENTIFIER[unit.chapter], session, version_of, {})
    shown = next(event for event in judged if isinstance(event, Exhibit))
    rule = book.build("adamw")
    names = {mutant.line: mutant.name for mutant in mutants.of(rule)}
    spared = [names[line] for line in shown.data["spared"][rule.label]]
    assert any("1e-6" in name for name in spared), spared
