"""What is beyond the limit of size is undecided, and nothing else decides: no clock and no thread."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest
import sympy as sp

from conformance.report.literature import proof_entry
from spec import proofs
from spec import rules as book
from spec.family import FormulaClaim, Pairs
from spec.mutants import RuleMutant
from spec.proofs import LARGEST, prove

x = sp.Symbol("x")


def _squares(count: int) -> Pairs:
    """Return an equation of so many squares, written out on its right side."""
    symbols = sp.symbols(f"y:{count}")
    left = sp.Add(*((symbol + x) ** 2 for symbol in symbols))
    return ((left, sp.expand(left)),)


def _claim(equations: Callable[[], Pairs]) -> FormulaClaim:
    return FormulaClaim("x", "x", "x", "x", equations)


def test_a_claim_beyond_the_limit_is_undecided() -> None:
    """It reads undecided (limit): neither proven nor refuted; a smaller one like it is proven."""
    assert prove(_claim(lambda: _squares(5))).status == "proven"
    assert proof_entry(prove(_claim(lambda: _squares(LARGEST // 4)))).status == "undecided (limit)"


def test_a_sign_beyond_the_limit_is_undecided() -> None:
    """The same holds of a sign that is to be shown."""
    large = sp.Add(*sp.symbols(f"y:{LARGEST + 2}")) + 1
    proof = prove(FormulaClaim("x", "x", "x", "x", tuple, nonnegative=lambda: (large,)))
    assert proof_entry(proof).status == "undecided (limit)"


def test_a_thread_decides_as_the_main_one() -> None:
    """Outside the main thread the same claims have the same status."""
    found: list[str] = []
    pairs = (_squares(5), _squares(LARGEST // 4), ((x, x + 1),))

    def ask() -> None:
        found.extend(prove(_claim(lambda pair=pair: pair)).status for pair in pairs)  # type: ignore[misc]

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == ["proven", "undecided (limit)", "not proven"]


@pytest.mark.parametrize(("count", "proven"), [(5, True), (LARGEST // 4, False)])
def test_a_mutant_beyond_the_limit_is_not_equivalent(count: int, proven: bool) -> None:
    """Of two programs that are equal one is proven so, and the one beyond the limit is not."""
    ((left, right),) = _squares(count)
    rule = book.build("sgd")
    *before, last = rule.program
    whole, other = (
        dataclasses.replace(rule, program=(*before, dataclasses.replace(last, expression=side)))
        for side in (left, right)
    )
    assert RuleMutant("x", "x", other, whole).equivalent is proven


def test_each_pair_is_asked_about_once() -> None:
    """Two mutants of one statement, or a claim stated twice, cost one proof."""
    (pair,) = _squares(3)
    proofs.equal.cache_clear()
    assert prove(_claim(lambda: (pair, pair))).proven
    assert prove(_claim(lambda: (pair,))).proven
    assert proofs.equal.cache_info().misses == 1


def test_a_number_refutes_before_anything_is_simplified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two expressions that differ at a point are not handed to SymPy's simplification, which may take long."""

    def simplified(*_: object) -> None:
        raise AssertionError("it was simplified")

    monkeypatch.setattr(sp, "factor", simplified)
    monkeypatch.setattr(sp, "simplify", simplified)
    y = sp.Symbol("y", positive=True)
    assert not proofs.equal(sp.sqrt(y + 1) ** 3, sp.sqrt(y) + 1)
    assert proofs.equal((y + 1) ** 2, y**2 + 2 * y + 1)


@pytest.mark.parametrize(("second", "proven"), [(x**2 + 2 * x + 1, True), (x**2 + 1, False)])
def test_what_is_chosen_is_equal_in_every_branch(second: sp.Expr, proven: bool) -> None:
    """A choice between two expressions equals one between others where both do, and where one differs not."""
    y = sp.Symbol("y", real=True)
    left = sp.Piecewise((x * (x + 1), y > 5), ((x + 1) ** 2, True))
    right = sp.Piecewise((x**2 + x, y > 5), (second, True))
    assert proofs.equal(left, right) is proven
