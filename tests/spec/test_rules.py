"""The rule book: every combination of options, its forms, proofs and mutants."""

from __future__ import annotations

import itertools
from xml.etree.ElementTree import fromstring

import pytest
import sympy as sp

from spec import moments, rendering
from spec import rules as book
from spec.mutants import mutants
from spec.proofs import equal, form_is_equal, proofs, prove
from spec.rule import Form, Invariant, RuleFamily, UpdateRule


def every_rule() -> list[UpdateRule]:
    """Return every rule with every combination of its options."""
    found = []
    for family in book.families().values():
        names = [option.name for option in family.options]
        values = itertools.product(*(option.values for option in family.options))
        found += [family.build(**dict(zip(names, chosen, strict=True))) for chosen in values]
    return found


RULES = every_rule()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.label)
def test_every_legal_form_is_proven_equal(rule: UpdateRule) -> None:
    """SymPy shows each legal form equal to the expression of its line."""
    for line in rule.program:
        for form in line.forms:
            assert form_is_equal(rule, line, form), f"{line.name}: {form.name}"


def test_a_wrong_form_is_not_proven() -> None:
    """A form with the weights exchanged is not shown equal."""
    rule = book.build("adam")
    line = rule.assignment(moments.m_t)
    wrong = Form("wrong", moments.beta1 * moments.m + moments.beta1 * sp.Symbol("g", real=True))
    assert not form_is_equal(rule, line, wrong)


@pytest.mark.parametrize("family", book.families().values(), ids=lambda family: family.name)
def test_every_invariant_is_proven(family: RuleFamily) -> None:
    """Each claim stated beside a rule is proven, and with at least one equation."""
    for proof in proofs(family):
        assert proof.proven, proof.invariant.sentence
        assert proof.equations > 0


@pytest.mark.parametrize("family", book.families().values(), ids=lambda family: family.name)
def test_a_false_claim_is_not_proven(family: RuleFamily) -> None:
    """Each proven equation, one side moved by one, is no longer proven."""
    for invariant in family.invariants:
        for left, right in invariant.equations():
            false = Invariant("x", "x", "x", "x", lambda pair=(left, right + 1): (pair,))
            assert not prove(false).proven, invariant.identifier


def test_equality_needs_a_proof() -> None:
    """Two expressions that differ in one sign are not equal."""
    x = sp.Symbol("x")
    assert equal((x + 1) ** 2, x**2 + 2 * x + 1)
    assert not equal((x + 1) ** 2, x**2 - 2 * x + 1)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.label)
def test_every_line_is_rendered(rule: UpdateRule) -> None:
    """Each line and form has a text and MathML that the page accepts."""
    for line in rule.program:
        assert "=" in rendering.line_text(rule, line)
        fromstring(rendering.line_mathml(rule, line))
        for form in line.forms:
            fromstring(rendering.form_mathml(rule, line, form))


def test_the_first_moment_reads_as_in_the_paper() -> None:
    """Adam's first moment is printed with the paper's letters and times."""
    rule = book.build("adam")
    line = rule.assignment(moments.m_t)
    assert rendering.line_text(rule, line) == "m_t = β₁·m_{t−1} + (1 − β₁)·g_t"


@pytest.mark.parametrize(
    "wanted",
    [
        "option epsilon=inside",
        "option decay=coupled",
        "second bias correction: t - 1 for t",
        "second moment: beta1 for beta2",
        "update: decay after the update",
        "second moment: v before the step",
        "denominator: without epsilon",
    ],
)
def test_adamw_has_the_mutant(wanted: str) -> None:
    """The mistakes people make are among the mutants of AdamW."""
    rule = book.build("adamw")
    names = {mutant.name for mutant in mutants(rule, book.families()["adam"])}
    if wanted == "second moment: v before the step":
        wanted = "corrected second moment: v before the step"
    assert wanted in names


def test_an_unknown_option_names_the_legal_ones() -> None:
    """A wrong value of an option is refused with the values that it can have."""
    with pytest.raises(ValueError, match="it can be: none, coupled, decoupled"):
        book.build("adam", {"decay": "twice"})
