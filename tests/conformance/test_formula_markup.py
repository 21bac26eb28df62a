"""The page shows as a formula what our printer writes, to the letter, and nothing else."""

from __future__ import annotations

import pytest
import sympy as sp

from conformance.optimizers.formula_lines import line_of
from conformance.report.formula_markup import formula, sides
from conformance.schedulers.formula_lines import lines
from spec import rendering
from spec.rules import build
from spec.schedules import family

STRANGE = [
    "",
    "text",
    "<mi>x</mi>",
    "<math><mi>x</mi></math><script>alert(1)</script>",
    "<math><script>alert(1)</script></math>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    '<math><mi onclick="alert(1)">x</mi></math>',
    '<math href="javascript:alert(1)"><mi>x</mi></math>',
    '<math><mspace width="9999em"></mspace></math>',
    "<math><mi><mi>x</mi></mi></math>",
    "<math><mrow>x</mrow></math>",
    "<math><mi>x</math></mi>",
    "<math><mi>x</mi>",
    "<math><mi>x</mi></math></math>",
    "<math><mi>a&b</mi></math>",
    "<math><mi>x</mi><!-- --></math>",
    "<MATH><mi>x</mi></MATH>",
    "<" + "a" * 100_000,
    "<math>" * 100_000,
    f"<math>{'<mrow>' * 200}{'</mrow>' * 200}</math>",
]


def test_a_formula_of_ours_is_read_and_written_as_it_is() -> None:
    """What the printer writes is a formula, letter by letter: of a rule, of a state machine, of a step count."""
    rule, machine = build("adam"), lines(family("plateau").build(), frozenset())
    written = [rendering.line_mathml(rule, line) for line in rule.program]
    written += [line_of(rule, "t")[2], *(line.mathml for line in machine)]
    assert [str(formula(markup)) for markup in written] == written


@pytest.mark.parametrize("markup", STRANGE, ids=range(len(STRANGE)))
def test_what_our_printer_does_not_write_is_no_formula(markup: str) -> None:
    """Other elements, attributes, texts and orders are refused, and quickly."""
    assert formula(markup) is None


def test_a_name_with_markup_in_it_stays_text() -> None:
    """A symbol of somebody's own rule is read, and written with its markup escaped."""
    markup = rendering.mathml(sp.Symbol("<script>&'\""))
    assert "<script" not in str(formula(markup))
    assert str(formula(markup)) == markup


def test_a_line_is_cut_at_its_own_equals_sign() -> None:
    """An equals sign within a fraction stays where it is."""
    equals = "<mo>=</mo>"
    left = f"<mfrac><mrow><mi>a</mi>{equals}<mi>b</mi></mrow><mi>c</mi></mfrac>"
    line = formula(f"<math><mrow>{left}{equals}<mi>d</mi></mrow></math>")
    assert line is not None
    assert list(map(str, sides(line))) == [
        f'<math display="block">{left}</math>',
        f'<math display="block"><mrow></mrow>{equals}<mi>d</mi></math>',
    ]
