"""Formula mutants: wrong programs, told from the rule or proven equal to it."""

from __future__ import annotations

import pytest
import sympy as sp

from spec import rules as book
from spec.mutants import mutants
from spec.proofs import different, equal
from spec.symbols import first_lr, g, t


def test_a_branch_that_makes_no_difference_is_proven_equivalent() -> None:
    """Undamped Nesterov SGD from an empty buffer needs no branch for its first step, and only there."""
    rule = book.build("sgd", {"nesterov": "yes"})
    found = [m.name for m in mutants(rule, book.families()["sgd"]) if m.equivalent]
    assert sorted(found) == [
        "direction: without the branch g",
        "momentum buffer: without the branch b",
        "momentum buffer: without the branch g",
    ]


@pytest.mark.parametrize("name", ["adam", "adamw", "amsgrad"])
def test_no_mutant_of_adam_is_equivalent(name: str) -> None:
    """Every change of Adam's program changes what it computes somewhere."""
    found = mutants(book.build(name), book.families()["adam"])
    assert len(found) > 50
    assert not [mutant.name for mutant in found if mutant.equivalent]
    assert len({mutant.name for mutant in found}) == len(found)


def test_what_differs_late_and_near_one_alone_is_told_by_a_number() -> None:
    """RAdam's threshold is passed with betas near one and many steps behind: there epsilon has a place."""
    family = book.families()["radam"]
    rule = family.build(threshold="above_5", decay="decoupled", epsilon="outside")
    after = family.build(threshold="above_5", decay="decoupled", epsilon="before_correction")
    theta = next(q for q in rule.quantities if q.symbol.name == "theta")
    later = {t: t + 1}
    assert different(rule.composed(theta.updated).subs(later), after.composed(theta.updated).subs(later))


@pytest.mark.parametrize("decay", ["none", "coupled"])
def test_a_guard_where_nothing_moves_anyway_is_proven_equivalent(decay: str) -> None:
    """Adagrad's sum is zero only where sum and gradient, with the decay in it, were: no step there, guarded or not."""
    family = book.families()["adagrad"]
    rule = family.build(epsilon="inside", decay=decay)
    guarded = next(mutant for mutant in mutants(rule, family) if "guarded" in mutant.name)
    assert guarded.equivalent
    x = sp.Symbol("x", real=True)
    assert equal(sp.Piecewise((x, x**2 > 0), (0, True)), x)
    assert not equal(sp.Piecewise((x, x**2 > 0), (1, True)), x)
    y = sp.Symbol("y", real=True)
    assert equal(sp.Piecewise((x - y, (x - y) ** 2 > 0), (0, True)), x - y)
    assert not equal(sp.Piecewise((x, (x - y) ** 2 > 0), (0, True)), x)
    assert not equal(sp.Piecewise((x, 1 / (x - y) ** 2 > 0), (y, True)), x)


def test_a_coefficient_is_changed_in_one_term_alone_too() -> None:
    """An average with the rate of another one in one of its terms is no average: no other mutant is that."""
    rule = book.build("adam")
    lines = {m.name: m.line for m in mutants(rule, book.family("adam")) if m.name.startswith("second moment: beta1")}
    assert len(lines) == 3
    assert any("beta2*v" in line and "1 - beta1" in line for line in lines.values())
    assert any("beta1*v" in line and "1 - beta2" in line for line in lines.values())


def test_what_passes_a_half_format_is_off_by_what_shows_there() -> None:
    """Terms of Muon's iterations in bfloat16, and of what enters them alone, are off by an eighth."""
    family = book.families()["muon"]
    off = {m.name for m in mutants(family.build(iterations="1"), family) if " off by " in m.name}
    coarse = {name.partition(":")[0] for name in off if name.endswith("1/8")}
    assert coarse == {"look-ahead", "inner 0", "iterate 1"}
    assert {name.partition(":")[0] for name in off if name.endswith("1e-6")} >= {"momentum buffer", "update"}
    stored = mutants(family.build(iterations="1", precision="storage"), family)
    assert not [m.name for m in stored if m.name.endswith("1/8")]


@pytest.mark.parametrize("name", sorted(book.families()))
def test_every_mutant_computes_what_it_uses(name: str) -> None:
    """No mutant of a family's defaults, nor of one changed option, has a symbol that nothing gives it."""
    family = book.families()[name]
    changed = ({o.name: value} for o in family.options for value in o.values if family.legal({o.name: value}))
    assert mutants(family.build(), family)
    for options in ({}, *changed):
        rule = family.build(**options)
        given = {q.symbol for q in rule.quantities} | {h.symbol for h in rule.hyperparameters} | {first_lr, g, t}
        for mutant in mutants(rule, family):
            computed = {line.target for line in mutant.wrong.program}
            for line in mutant.wrong.program:
                assert line.expression.free_symbols <= given | computed, mutant.name


def test_no_mutant_has_a_number_where_a_matrix_is_multiplied() -> None:
    """What a product of matrices reads keeps its rows and columns."""
    lines = {mutant.line for mutant in mutants(book.build("muon", {"epsilon": "added"}), book.family("muon"))}
    assert "Q0 <- A0*a" in lines
    assert "Q0 <- c" not in lines
