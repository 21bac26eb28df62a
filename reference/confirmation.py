"""Confirms a claimed violation in ball arithmetic, so that none rests on the fast path alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import arb

from reference.balls import PRECISION, Ball, BallArithmetic
from reference.enclosure import CompiledForm, program
from reference.evaluation import Scalars, Tensors
from reference.formats import Format
from reference.profile import (
    Profile,
    coefficient_rounding,
    flushes,
    scalar_arithmetic,
    store_rounding,
    tensor_arithmetic,
)
from spec.rule import UpdateRule


@dataclass(frozen=True)
class Confirmation:
    """Whether a violation is confirmed and how, with the enclosure in balls where there is one."""

    confirmed: bool
    sentence: str
    ball: Ball | None = None


def confirm(
    rule: UpdateRule,
    profile: Profile,
    storage: Format,
    scalars: Mapping[str, float],
    before: Mapping[str, float],
    quantity: str,
    value: float,
) -> Confirmation:
    """Enclose one quantity of one element in balls and look whether ``value`` is in it.

    ``before`` holds the exact values before the step by symbol, the gradient among them.  A form
    that uses a line of the program twice is merely enclosed more widely here.
    """
    ball = enclose(rule, profile, storage, scalars, before)[quantity]
    confirmed = not ball.contains(value)
    verb = "confirms" if confirmed else "does NOT confirm"
    return Confirmation(
        confirmed,
        f"python-flint {verb} it with balls of {PRECISION} bits: [{_text(ball.lo)}, {_text(ball.hi)}]",
        ball,
    )


def _text(end: arb) -> str:
    if end.is_finite():
        return str(end.str(17, radius=False))
    return "inf" if end > 0 else "-inf"


def enclose(
    rule: UpdateRule,
    profile: Profile,
    storage: Format,
    scalars: Mapping[str, float],
    before: Mapping[str, float],
) -> dict[str, Ball]:
    """Return the ball enclosure of every quantity of one element after a step."""
    compiled = program(rule, profile.forms)
    kept = {state.symbol.name for state in rule.states if state.scalar}
    scalars = {**{name: value for name, value in before.items() if name in kept}, **scalars}
    host, device = scalar_arithmetic(profile), tensor_arithmetic(profile, storage)
    assert not isinstance(host.rounding, type)
    scalar = BallArithmetic(host.rounding, host.units)  # type: ignore[arg-type]
    tensor = BallArithmetic(device.rounding, device.units)  # type: ignore[arg-type]
    cast = BallArithmetic(coefficient_rounding(profile, storage), device.units)
    store = BallArithmetic(store_rounding(profile, storage), device.units)
    values = Scalars(
        scalar,
        scalars,
        lambda number: _rounded(scalar, Ball.exactly(number)),
        lambda ball: _rounded(cast, ball),
        compiled.scalar_lines,
    )
    for name, node in compiled.state_lines.items():
        values.define(name, values.value(node))
    known = {name: _operand(profile, storage, number) for name, number in before.items()}

    def line(name: str) -> Ball:
        if name not in known:
            balls = [tensors.operand(form.tree) for form in compiled.lines[name] if _applies(form, scalars)]
            hull = balls[0]
            for ball in balls[1:]:
                hull = tensor.hull(hull, ball)
            known[name] = hull
        return known[name]

    tensors = Tensors(values, line, tensor)
    shown = (q for q in rule.quantities if not q.scalar)
    return {q.symbol.name: _rounded(store, line(q.updated.name)) for q in shown}


def _operand(profile: Profile, storage: Format, number: float) -> Ball:
    """Return a value before the step as an operation reads it: a subnormal may count as zero."""
    if not flushes(profile, storage) or abs(number) >= storage.smallest_normal:
        return Ball.exactly(number)
    return Ball(arb(min(number, 0.0)), arb(max(number, 0.0)))


def _rounded(arithmetic: BallArithmetic, ball: Ball) -> Ball:
    return arithmetic.rounded(ball.lo, ball.hi, ball.nan, ball.both, 0.5)


def _applies(form: CompiledForm, scalars: Mapping[str, float]) -> bool:
    return bool(form.applies(**scalars))  # type: ignore[operator]
