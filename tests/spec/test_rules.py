"""The rule book: every combination of options, its forms, proofs and mutants."""

from __future__ import annotations

import pytest
import sympy as sp

from conformance.report.formula_markup import formula
from spec import rendering
from spec import rules as book
from spec.family import Family, FormulaClaim
from spec.lines import moments
from spec.mutants import mutants
from spec.proofs import equal, form_is_equal, proofs, prove
from spec.rule import Form, UpdateRule

FAMILIES = tuple(book.families().values())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_legal_form_is_proven_equal(family: Family[UpdateRule]) -> None:
    """SymPy shows each legal form of each variant equal to the expression of its line; a program once."""
    programs = {rule.program: rule for rule in family.variants()}
    assert programs
    for rule in programs.values():
        for line in rule.program:
            for form in line.forms:
                assert form_is_equal(rule, line, form), f"{rule.label}: {line.name}: {form.name}"


@pytest.mark.parametrize(("name", "options"), [("nadam", {"average": "scheduled", "schedule": "constant"})])
def test_options_that_do_not_go_together_are_no_variant(name: str, options: dict[str, str]) -> None:
    """They are refused when they are named, and no variant of the family has them."""
    with pytest.raises(ValueError, match="has no variant with"):
        book.build(name, options)
    variants = book.family(name).variants()
    assert variants
    assert not [rule.label for rule in variants if options.items() <= rule.options.items()]


def test_a_wrong_form_is_not_proven() -> None:
    """A form with the weights exchanged is not shown equal."""
    rule = book.build("adam")
    line = rule.assignment(moments.m_t)
    wrong = Form("wrong", moments.beta1 * moments.m + moments.beta1 * sp.Symbol("g", real=True))
    assert not form_is_equal(rule, line, wrong)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_claim_is_proven(family: Family[UpdateRule]) -> None:
    """Each claim stated beside a rule is proven, and with at least one equation."""
    assert family.claims
    for proof in proofs(family):
        assert proof.proven, proof.claim.sentence
        assert proof.equations > 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_false_claim_is_not_proven(family: Family[UpdateRule]) -> None:
    """Each proven equation, one side moved by one, is no longer proven."""
    assert any(claim.equations() for claim in family.claims)
    for claim in family.claims:
        for left, right in claim.equations():
            false = FormulaClaim("x", "x", "x", "x", lambda pair=(left, right + 1): (pair,))
            assert not prove(false).proven, claim.identifier


def test_equality_needs_a_proof() -> None:
    """Two expressions that differ in one sign are not equal."""
    x = sp.Symbol("x")
    assert equal((x + 1) ** 2, x**2 + 2 * x + 1)
    assert not equal((x + 1) ** 2, x**2 - 2 * x + 1)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_line_is_rendered(family: Family[UpdateRule]) -> None:
    """Each line and form has a text and MathML that the page accepts; each distinct line once."""
    lines = {(line, rule.quantities): rule for rule in family.variants() for line in rule.program}
    assert lines
    for (line, _), rule in lines.items():
        assert "=" in rendering.line_text(rule, line)
        assert formula(rendering.line_mathml(rule, line))
        for form in line.forms:
            assert formula(rendering.form_mathml(rule, line, form))


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
        "corrected second moment: v before the step",
        "denominator: without epsilon",
    ],
)
def test_adamw_has_the_mutant(wanted: str) -> None:
    """The mistakes people make are among the mutants of AdamW."""
    rule = book.build("adamw")
    names = {mutant.name for mutant in mutants(rule, book.families()["adam"])}
    assert wanted in names


def test_an_unknown_option_names_the_legal_ones() -> None:
    """A wrong value of an option is refused with the values that it can have."""
    with pytest.raises(ValueError, match="it can be: none, coupled, decoupled"):
        book.build("adam", {"decay": "twice"})
