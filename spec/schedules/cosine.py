"""Half a cosine from the optimizer's learning rate to the lowest one."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.half_cosine import CLAIMS, FORM, SGDR, half_cosine
from spec.lines.schedule_settings import BASE, LOWEST, steps
from spec.rule import Domain
from spec.schedule import Joint, Recurrence, Schedule, base, horizon, lowest, previous, t
from spec.schedule_claims import d, k

UNTIL = steps(horizon, "T_max", 100, "steps from the start to the lowest value", 50)
LONGER = dataclasses.replace(UNTIL, domain=Domain(2, UNTIL.domain.high))
"""Half a cosine that ends with the first of its steps has no period."""
OPTIONS = (
    Option(
        "after",
        {
            "periodic": "it rises again after the end: torch, transformers",
            "hold": "it stays at the lowest value: optax, Keras, timm",
        },
    ),
    Option(
        "end",
        {
            "T": "the lowest value is reached at step T: torch, transformers, optax",
            "T-1": "the last of T steps has it: Loshchilov and Hutter count T_cur so within a run",
        },
    ),
)


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
    return Schedule(
        "cosine",
        {"after": after, "end": end},
        (BASE, LONGER if after == "periodic" and end == "T-1" else UNTIL, LOWEST),
        closed,
        Recurrence(base, step) if after == "periodic" else None,
        (Joint("lowest", length),),
        forms={"factor": (other, None)},
    )


PLAIN, HELD = cosine(), cosine("hold")
SINGULAR = {t: (2 * k + 1) * horizon + 1}
BEFORE = {previous: half_cosine(t - 1, horizon)}
RISING, RATIO = (value.subs(BEFORE) for value, _ in PLAIN.induction.step.args)
ENDS = {
    "It starts at eta_0": ({t: 0}, base),
    "it is eta_min at T": ({t: horizon}, lowest),
    "eta_0 again at 2T": ({t: 2 * horizon}, base),
}
x = sp.Symbol("x", real=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "closed-form/recurrence",
            "The chainable form gives the closed form, and where it divides by zero torch's other branch does.",
            SGDR,
            "induction over t: the start and both branches",
            (FORM.subs(t, 0), base),
            (RATIO, FORM),
            (RISING.subs(SINGULAR), sp.expand_trig(sp.expand(FORM.subs(SINGULAR)))),
        ),
        claim.holds(
            "chainable/singular",
            "The chainable form divides by zero exactly at t = (2k + 1)·T + 1.",
            SGDR,
            "1 + cos x = 2·cos²(x/2), which is zero at odd multiples of pi alone",
            (1 + sp.cos(x), 2 * sp.cos(x / 2) ** 2),
            (1 + sp.cos(sp.pi * (2 * k + 1)), sp.S.Zero),
        ),
        claim.starts_and_ends(PLAIN, ENDS, SGDR),
        *CLAIMS,
        claim.continuous(lambda: ((FORM.subs(t, horizon), HELD.closed.subs(t, horizon + d)),), "at T", SGDR),
        claim.computed(PLAIN, "factor", ({},), "optax, transformers"),
    )


FAMILY = Family(
    "cosine",
    "Cosine annealing",
    Citation(
        "I. Loshchilov and F. Hutter",
        2017,
        "SGDR: stochastic gradient descent with warm restarts",
        "arXiv:1608.03983",
        "equation 5",
    ),
    OPTIONS,
    cosine,
    claims,
)
