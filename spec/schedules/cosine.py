"""Half a cosine from the optimizer's learning rate to the lowest one."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import Citation, Option
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Recurrence, Schedule, ScheduleFamily, base, horizon, lowest, previous, t
from spec.schedule_claims import d, k, p
from spec.schedule_symbols import BASE, COUNT, LOWEST

UNTIL = Setting(horizon, "T_max", 100, COUNT, "steps from the start to the lowest value")
OPTIONS = (
    Option("after", {"periodic": "it rises again after the end: torch, transformers",
                     "hold": "it stays at the lowest value: optax, Keras, timm"}),
    Option("end", {"T": "the lowest value is reached at step T: torch, transformers, optax",
                   "T-1": "the last of T steps has it: Loshchilov and Hutter count T_cur so within a run"}),
)  # fmt: skip


def half_cosine(time: sp.Expr, length: sp.Expr, top: sp.Expr = base) -> sp.Expr:
    """Return the cosine from ``top`` at time 0 to the lowest value at ``length``."""
    return lowest + (top - lowest) * (1 + sp.cos(sp.pi * time / length)) / 2


def cosine(after: str = "periodic", end: str = "T") -> Schedule:
    """Build the schedule."""
    length = horizon if end == "T" else horizon - 1
    share = sp.UnevaluatedExpr(lowest / base)
    factor = share + (1 - share) * (1 + sp.cos(sp.pi * t / length)) / 2
    closed, other = half_cosine(t, length), base * sp.UnevaluatedExpr(factor)
    if after == "hold":
        closed = sp.Piecewise((closed, t < length), (lowest, True))
        other = sp.Piecewise((other, t < length), (base * share, True))
    ratio = (1 + sp.cos(sp.pi * t / length)) / (1 + sp.cos(sp.pi * (t - 1) / length))
    rising = previous + (base - lowest) * (1 - sp.cos(sp.pi / length)) / 2
    singular = sp.Eq(sp.Mod(t - 1 - length, 2 * length), 0)
    step = sp.Piecewise((rising, singular), (ratio * (previous - lowest) + lowest, True))
    return Schedule("cosine", {"after": after, "end": end}, (BASE, UNTIL, LOWEST), closed,
                    Recurrence(base, step) if after == "periodic" else None, (Joint("lowest", length),),
                    forms={"factor": (other, None)})  # fmt: skip


PLAIN, HELD = cosine(), cosine("hold")
SGDR = "Loshchilov and Hutter 2017, equation 5"
x, height = sp.Symbol("x", real=True), sp.Symbol("h", nonnegative=True)
SINGULAR = {t: (2 * k + 1) * horizon + 1}
assert PLAIN.recurrence is not None
FORM, BEFORE = half_cosine(t, horizon), {previous: half_cosine(t - 1, horizon)}
RISING, RATIO = (value.subs(BEFORE) for value, _ in PLAIN.recurrence.step.args)
ANGLE, HALF = sp.pi * (2 * t + 1) / (2 * horizon), sp.pi * t / (2 * horizon)
FALLEN = (base - lowest) * sp.sin(ANGLE) * sp.sin(sp.pi / (2 * horizon))
ENDS = {"It starts at eta_0": ({t: 0}, base), "it is eta_min at T": ({t: horizon}, lowest),
        "eta_0 again at 2T": ({t: 2 * horizon}, base)}  # fmt: skip
INSIDE = ANGLE.subs(horizon, t + p)
FAMILY = ScheduleFamily(
    "cosine", "Cosine annealing",
    Citation("I. Loshchilov and F. Hutter", 2017, "SGDR: stochastic gradient descent with warm restarts",
             "arXiv:1608.03983", "equation 5"),
    OPTIONS, cosine,
    (
        claim.holds("closed-form/recurrence",
                "The chainable form gives the closed form, and where it divides "
                    "by zero torch's other branch does.", SGDR,
                        "induction over t: the start and both branches",
                    (FORM.subs(t, 0), base), (RATIO, FORM),
                    (RISING.subs(SINGULAR), sp.expand_trig(sp.expand(FORM.subs(SINGULAR))))),
        claim.holds("chainable/singular", "The chainable form divides by zero exactly at t = (2k + 1)·T + 1.",
                    SGDR, "1 + cos x = 2·cos²(x/2), which is zero at odd multiples of pi alone",
                    (1 + sp.cos(x), 2 * sp.cos(x / 2) ** 2), (1 + sp.cos(sp.pi * (2 * k + 1)), sp.S.Zero)),
        claim.starts_and_ends(PLAIN, ENDS, SGDR),
        claim.holds("range/squares", "It lies between eta_min and eta_0, as squares show.", SGDR,
                    "half angles", (base - FORM, (base - lowest) * sp.sin(HALF) ** 2),
                    (FORM - lowest, (base - lowest) * sp.cos(HALF) ** 2)),
        claim.monotone("It never rises until T: eta_t - eta_(t+1) has two sines of angles in [0, pi].", SGDR,
                       lambda: tuple(map(sp.factor, (INSIDE, sp.pi - INSIDE, sp.pi / 2 - sp.pi / (2 * p)))),
                       lambda: ((FORM - FORM.subs(t, t + 1), FALLEN),)),
        claim.holds("mean", "Its mean over a period of 2T steps is (eta_0 + eta_min)/2.", SGDR,
                    "cos(x)·2·sin(h) telescopes into sines whose first and last cancel",
                    (2 * sp.cos(x) * sp.sin(height), sp.sin(x + height) - sp.sin(x - height)),
                    (sp.sin(2 * sp.pi - height) - sp.sin(-height), sp.S.Zero)),
        claim.continuous(lambda: ((FORM.subs(t, horizon), HELD.closed.subs(t, horizon + d)),), "at T", SGDR),
        claim.computed(PLAIN, "factor", ({},), "optax, transformers"),
    ),
)  # fmt: skip
