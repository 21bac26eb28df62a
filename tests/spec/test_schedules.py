"""The book of schedules: every option, claim and form."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.report.formula_markup import formula
from spec import rendering
from spec import schedules as book
from spec.family import Family, FormulaClaim
from spec.proofs import equal, proofs, prove
from spec.schedule import Schedule, WholeLogarithm, t

FAMILIES = tuple(book.families().values())
SCHEDULES = tuple(schedule for family in FAMILIES for schedule in family.variants())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_claim_is_proven(family: Family[Schedule]) -> None:
    """Each claim stated beside a schedule is proven, and with at least one equation or sign."""
    assert family.claims
    for proof in proofs(family):
        assert proof.proven, proof.claim.sentence
        assert proof.equations > 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_false_claim_is_not_proven(family: Family[Schedule]) -> None:
    """Each proven equation with one side moved by one, and each sign turned, is no longer proven."""
    assert any([*claim.equations(), *claim.nonnegative()] for claim in family.claims)
    for claim in family.claims:
        for left, right in claim.equations():
            false = FormulaClaim("x", "x", "x", "x", lambda pair=(left, right + 1): (pair,))
            assert not prove(false).proven, claim.identifier
        for expression in claim.nonnegative():
            turned = dataclasses.replace(claim, nonnegative=lambda e=expression: (-e - 1,))
            assert not prove(turned).proven, claim.identifier


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_recurrence_has_its_claim(family: Family[Schedule]) -> None:
    """A schedule with a recurrence states that it gives the closed form."""
    built = family.build()
    if built.recurrence is not None:
        assert "closed-form/recurrence" in {claim.identifier for claim in family.claims}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_form_has_a_claim_of_its_own_name(family: Family[Schedule]) -> None:
    """A form is proven by the claim that speaks of it, and by no other."""
    identifiers = {claim.identifier for claim in family.claims}
    assert {f"forms/{name}" for schedule in family.variants() for name in schedule.forms} <= identifiers


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.label)
def test_every_formula_is_rendered(schedule: Schedule) -> None:
    """Each closed form, recurrence and line of a machine has a text and MathML."""
    formulas = [schedule.value, schedule.momentum, *(f for form in schedule.forms.values() for f in form)]
    if schedule.recurrence:
        formulas += [schedule.recurrence.start, schedule.recurrence.step]
    if schedule.machine:
        formulas += [line.expression for line in schedule.machine.program]
    written = [value for value in formulas if value is not None]
    assert written
    for value in written:
        assert rendering.text(value)
        assert formula(rendering.mathml(value))


def test_the_whole_logarithm_knows_whole_powers() -> None:
    """The largest i with 3^i <= 3^4 is 4; of 1 it is 0."""
    assert WholeLogarithm(3**4, 3).doit() in {4, WholeLogarithm(81, 3)}
    assert WholeLogarithm(1, 3) == 0


def test_an_unknown_option_names_the_legal_ones() -> None:
    """A wrong value of an option is refused with the values that it can have."""
    with pytest.raises(ValueError, match="it can be: periodic, hold"):
        book.build("cosine", {"after": "never"})
    with pytest.raises(ValueError, match="it has: none"):
        book.build("linear", {"after": "never"})


def test_a_schedule_over_metrics_has_no_closed_form() -> None:
    """Asking plateau for its closed form says so."""
    with pytest.raises(ValueError, match="follows metrics"):
        _ = book.build("plateau").closed
    assert equal(t, t)
