"""Up to a peak and down again in one cycle, with the momentum the other way."""

from __future__ import annotations

from functools import partial
from itertools import accumulate

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.interpolation import ANNEAL, annealed, course
from spec.lines.phases import in_order
from spec.lines.schedule_settings import quotient, rate, steps
from spec.rule import UNIT, Domain, uncast
from spec.schedule import Joint, Schedule, Setting, horizon

peak, D, F = sp.symbols("eta_max D F", positive=True)
share, back, low, high = sp.symbols("p q mu_low mu_high", nonnegative=True)
BACK = Setting(back, "pct_final", 0.85, UNIT, "share of the steps until the first value is back", limits=(1.0,))
USED = (
    rate(peak, "max_lr", 0.1, "learning rate at the peak"),
    steps(horizon, "total_steps", 100, "steps of the cycle", 120, domain=Domain(2, 10**6), limits=(0, 1, 2, 10)),
    Setting(share, "pct_start", 0.3, UNIT, "share of the steps that rise", limits=(0.0, 1.0, 0.1, 0.5), shown=0.3),
    quotient(D, "div_factor", 25.0, "the peak over the first value"),
    quotient(F, "final_div_factor", 1e4, "the first value over the last"),
    Setting(low, "base_momentum", 0.85, UNIT, "momentum at the peak"),
    Setting(high, "max_momentum", 0.95, UNIT, "momentum at both ends"),
)
PHASES = Option(
    "phases",
    {
        "two": "up, then down to the last value: torch's default, fastai",
        "three": "up, down to the first value, down to the last: Smith 2018",
    },
)
JOINTS = Option(
    "joints",
    {
        "share": "the peak at p·T - 1, the end at T - 1: torch",
        "whole": "at the whole steps in p·T and q·T, the end at T: optax",
    },
)


def multiplied(value: sp.Expr, factor: sp.Expr) -> sp.Expr:
    """Return a product that is computed before anything else."""
    return sp.UnevaluatedExpr(value) * sp.UnevaluatedExpr(factor)


def one_cycle(anneal: str = "cos", phases: str = "two", joints: str = "share") -> Schedule:
    """Build the schedule; with ``whole`` joints it stays at the last value."""
    whole, three = joints == "whole", phases == "three"
    first, names, factors = peak / D, ["peak", "end"], [D, 1 / (D * F)]
    ends = [sp.floor(share * horizon), horizon] if whole else [share * horizon - 1, horizon - 1]
    if three:
        ends.insert(1, sp.floor(back * horizon) if whole else 2 * share * horizon - 2)
        names, factors = ["peak", "back at the first value", "end"], [D, 1 / D, 1 / F]
    rates = [first, peak, *([first] if three else []), first / F]
    computed = list(accumulate(factors, multiplied, initial=first))
    momenta = [high, low, *[high] * (len(ends) - 1)]
    value, form, momentum = (course(v, ends, anneal, held=whole) for v in (rates, computed, momenta))
    return Schedule(
        "one_cycle",
        {"anneal": anneal, "phases": phases, "joints": joints},
        (*USED[:3], BACK, *USED[3:]) if whole and three else USED,
        value,
        joints=tuple(Joint(*place) for place in zip(names, ends, strict=True)),
        momentum=momentum,
        forms={"products": (form, momentum)} if whole else {},
        per_group=("max_lr", "base_momentum", "max_momentum"),
        consistent=partial(in_order, three=three, whole=whole),
        ends="" if whole else "total_steps",
    )


SMITH, WAYS = "Smith 2018, section 2", ANNEAL.values
a, b, c, x = sp.symbols("a b c x", nonnegative=True)
HELD = one_cycle(joints="whole", phases="three")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "values/ends",
            "Each phase leaves one value exactly and reaches the next exactly.",
            SMITH,
            "substitution of 0 and 1, for both strategies",
            *[(annealed(a, b, sp.Integer(i), how), (a, b)[i]) for i in (0, 1) for how in WAYS],
        ),
        claim.substituted(
            "joints/continuous",
            "Two phases meet in their common value.",
            SMITH,
            *[(annealed(a, b, sp.S.One, how), annealed(b, c, sp.S.Zero, how)) for how in WAYS],
        ),
        claim.holds(
            "range/squares",
            "A half cosine stays between its ends, as squares show.",
            SMITH,
            "half angles",
            (annealed(a, b, x, "cos") - b, (a - b) * sp.cos(sp.pi * x / 2) ** 2),
        ),
        claim.holds(
            "forms/products",
            "The values as products from one to the next are the same.",
            "optax",
            "every piece",
            *zip(
                (uncast(way) for way, _ in HELD.forms["products"][0].args),
                (way for way, _ in HELD.closed.args),
                strict=True,
            ),
        ),
    )


FAMILY = Family(
    "one_cycle",
    "One cycle",
    Citation(
        "L. N. Smith and N. Topin",
        2018,
        "Super-convergence: very fast training using large learning rates",
        "arXiv:1708.07120",
        "section 3",
    ),
    (ANNEAL, PHASES, JOINTS),
    one_cycle,
    claims,
)
