"""Confirms a claimed violation with exact end points, so that none rests on the fast path alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import arb

from reference.balls import PRECISION
from reference.balls.exact_range import ExactRange, ExactRangeArithmetic
from reference.formats import FLOAT32, FORMATS, Format
from reference.intervals.enclosure import CompiledForm, around_one, program
from reference.intervals.evaluation import Narrow, Scalars, Tensors
from reference.intervals.roundings import (
    coefficient_rounding,
    scalar_rounding,
    scalar_units,
    single_rounding,
    single_units,
    store_rounding,
    tensor_rounding,
    tensor_units,
)
from reference.profile import Profile, flushes
from spec.first_rate import with_first_rate
from spec.rule import UpdateRule


@dataclass(frozen=True)
class Confirmation:
    """Whether a violation is confirmed and how, with the exact enclosure where there is one."""

    confirmed: bool
    sentence: str
    legal: ExactRange | None = None


def confirm(
    rule: UpdateRule,
    profile: Profile,
    storage: Format,
    scalars: Mapping[str, float],
    before: Mapping[str, float],
    quantity: str,
    value: float,
) -> Confirmation:
    """Enclose one quantity of one element exactly and look whether ``value`` is in it.

    ``before`` holds the exact values before the step by symbol, the gradient among them.  A form
    that uses a line of the program twice is merely enclosed more widely here.
    """
    range_ = enclose(rule, profile, storage, scalars, before)[quantity]
    confirmed = not range_.contains(value)
    verb = "confirms" if confirmed else "does NOT confirm"
    return Confirmation(
        confirmed,
        f"python-flint {verb} it with balls of {PRECISION} bits: [{_text(range_.lo)}, {_text(range_.hi)}]",
        range_,
    )


def _text(end: arb) -> str:
    if end.is_finite():
        return str(end.str(17, radius=False))
    return "inf" if end > 0 else "-inf"


def enclose(
    rule: UpdateRule, profile: Profile, storage: Format, scalars: Mapping[str, float], before: Mapping[str, float]
) -> dict[str, ExactRange]:
    """Return the enclosure of every quantity of one element after a step."""
    compiled = program(rule, profile.every_form)
    kept = {state.symbol.name for state in rule.states if state.scalar}
    scalars = with_first_rate(rule, {**{name: value for name, value in before.items() if name in kept}, **scalars})
    units = tensor_units(profile)
    scalar = ExactRangeArithmetic(scalar_rounding(profile), scalar_units(profile))
    tensor = ExactRangeArithmetic(tensor_rounding(profile, storage), units)
    cast = ExactRangeArithmetic(coefficient_rounding(profile, storage), units)
    store = ExactRangeArithmetic(store_rounding(profile, storage), units)
    single = ExactRangeArithmetic(single_rounding(), single_units(profile))
    values = Scalars(
        scalar,
        scalars,
        lambda number: _rounded(scalar, ExactRange.exactly(number)),
        lambda range_: _rounded(cast, range_),
        compiled.scalar_lines,
        narrow=Narrow(profile.single, single, profile.loose, _around_one(FLOAT32)),
    )
    for name in profile.loose & scalars.keys():
        values.define(name, scalar.multiply(values.symbol(name), _around_one(FORMATS[profile.scalar])))
    for name, node in compiled.state_lines.items():
        values.define(name, values.value(node))
    known = {name: _operand(profile, storage, number) for name, number in before.items()}

    def line(name: str) -> ExactRange:
        if name not in known:
            ranges = [tensors.operand(form.tree) for form in compiled.lines[name] if _applies(form, scalars)]
            hull = ranges[0]
            for range_ in ranges[1:]:
                hull = tensor.hull(hull, range_)
            known[name] = hull
        return known[name]

    tensors = Tensors(values, line, tensor)
    shown = (q for q in rule.quantities if not q.scalar)
    return {q.symbol.name: _rounded(store, line(q.updated.name)) for q in shown}


def _operand(profile: Profile, storage: Format, number: float) -> ExactRange:
    """Return a value before the step as an operation reads it: a subnormal may count as zero."""
    if not flushes(profile, storage) or abs(number) >= storage.smallest_normal:
        return ExactRange.exactly(number)
    return ExactRange(arb(min(number, 0.0)), arb(max(number, 0.0)))


def _around_one(target: Format) -> ExactRange:
    low, high = around_one(target)
    return ExactRange(arb(low), arb(high))


def _rounded(arithmetic: ExactRangeArithmetic, range_: ExactRange) -> ExactRange:
    return arithmetic.rounded(range_.lo, range_.hi, range_.nan, range_.both, 0.5)


def _applies(form: CompiledForm, scalars: Mapping[str, float]) -> bool:
    return bool(form.applies(**scalars))  # type: ignore[operator]
