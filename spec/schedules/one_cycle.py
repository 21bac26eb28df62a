"""Up to a peak and down again in one cycle, with the momentum the other way."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import ABOVE_ONE, NONNEGATIVE, UNIT, Citation, Domain, Option
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, horizon, t

peak, D, F = sp.symbols("eta_max D F", positive=True)
share, low, high = sp.symbols("p mu_low mu_high", nonnegative=True)
USED = (
    Setting(peak, "max_lr", 0.1, NONNEGATIVE, "learning rate at the peak"),
    Setting(horizon, "total_steps", 100, Domain(2, 10**6), "steps of the cycle"),
    Setting(share, "pct_start", 0.3, Domain(0.0, 1.0, high_open=True), "share of the steps that rise"),
    Setting(D, "div_factor", 25.0, ABOVE_ONE, "the peak over the first value"),
    Setting(F, "final_div_factor", 1e4, ABOVE_ONE, "the first value over the last"),
    Setting(low, "base_momentum", 0.85, UNIT, "momentum at the peak"),
    Setting(high, "max_momentum", 0.95, UNIT, "momentum at both ends"),
)  # fmt: skip
OPTIONS = (
    Option("anneal", {"cos": "half cosines: torch's default, fastai",
        "linear": "straight lines: Smith 2018"}),
    Option("phases", {"two": "up, then down to the last value: torch's default, fastai",
                      "three": "up, down to the first value, down to the last: Smith 2018"}),
)  # fmt: skip


def annealed(start: sp.Expr, end: sp.Expr, done: sp.Expr, anneal: str) -> sp.Expr:
    """Return the way from ``start`` to ``end`` of which the share ``done`` lies behind."""
    if anneal == "cos":
        return end + (start - end) * (1 + sp.cos(sp.pi * done)) / 2
    return start + (end - start) * done


def one_cycle(anneal: str = "cos", phases: str = "two") -> Schedule:
    """Build the schedule: the peak is at p·T - 1, the end at T - 1."""
    first, last = peak / D, peak / D / F
    ends = [share * horizon - 1, horizon - 1]
    rates, momenta = [first, peak, last], [high, low, high]
    if phases == "three":
        ends.insert(1, 2 * share * horizon - 2)
        rates, momenta = [first, peak, first, last], [high, low, high, high]

    def pieces(values: list[sp.Expr]) -> sp.Expr:
        begin, found = sp.S.Zero, []
        for index, end in enumerate(ends):
            done = (t - begin) / (end - begin)
            when = t <= end if index < len(ends) - 1 else True
            found.append((annealed(values[index], values[index + 1], done, anneal), when))
            begin = end
        return sp.Piecewise(*found)

    places = ("peak", "end") if phases == "two" else ("peak", "back at the first value", "end")
    joints = tuple(Joint(name, end) for name, end in zip(places, ends, strict=True))
    chosen = {"anneal": anneal, "phases": phases}
    return Schedule("one_cycle", chosen, USED, pieces(rates), joints=joints, momentum=pieces(momenta),
                    per_group=("max_lr", "base_momentum", "max_momentum"))  # fmt: skip


SMITH, WAYS = "Smith 2018, section 2", ("cos", "linear")
a, b, c, x = sp.symbols("a b c x", nonnegative=True)
FAMILY = ScheduleFamily(
    "one_cycle", "One cycle",
    Citation("L. N. Smith and N. Topin", 2018,
             "Super-convergence: very fast training using large learning rates", "arXiv:1708.07120",
                 "section 3"),
    OPTIONS, one_cycle,
    (
        claim.holds("values/ends", "Each phase leaves one value exactly and reaches the next exactly.", SMITH,
                    "substitution of 0 and 1, for both strategies",
                    *[(annealed(a, b, sp.Integer(i), how), (a, b)[i]) for i in (0, 1) for how in WAYS]),
        claim.holds("joints/continuous", "Two phases meet in their common value.", SMITH, "substitution",
                    *[(annealed(a, b, sp.S.One, how), annealed(b, c, sp.S.Zero, how)) for how in WAYS]),
        claim.holds("range/squares", "A half cosine stays between its ends, as squares show.", SMITH,
            "half angles",
                    (annealed(a, b, x, "cos") - b, (a - b) * sp.cos(sp.pi * x / 2) ** 2)),
    ),
)  # fmt: skip
