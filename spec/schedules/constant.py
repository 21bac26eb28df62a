"""A constant factor until a time, and the optimizer's own learning rate from then on."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, steps
from spec.rule import Domain
from spec.schedule import Joint, Recurrence, Schedule, Setting, base, horizon, previous, t
from spec.schedule_claims import d, k, p

factor = sp.Symbol("s", positive=True)
FACTOR = Setting(
    factor, "factor", 1 / 3, Domain(0.0, 1.0, low_open=True), "factor until the end", edges=(0.0, 1.0), shown=0.3
)
UNTIL = steps(horizon, "total_iters", 5, "steps until the end", 60, lasting=100_000)
KIND = Option(
    "kind", {"factor": "a factor until T: torch ConstantLR", "plain": "the learning rate itself: transformers, optax"}
)


def constant(kind: str = "factor") -> Schedule:
    """Build the schedule."""
    if kind == "plain":
        return Schedule("constant", {"kind": kind}, (BASE,), base, Recurrence(base, previous))
    closed = sp.Piecewise((base * factor, t < horizon), (base, True))
    summed = base * sp.Piecewise((factor, t < horizon), (factor + sp.UnevaluatedExpr(1 - factor), True))
    undone = previous * sp.UnevaluatedExpr(1 / factor)
    step = sp.Piecewise((undone, sp.Eq(t, horizon)), (previous, True))
    return Schedule(
        "constant",
        {"kind": kind},
        (BASE, FACTOR, UNTIL),
        closed,
        Recurrence(base * factor, step),
        (Joint("end", horizon),),
        forms={"summed": (summed, None)},
    )


PLAIN = constant()
SOURCE = "torch.optim.lr_scheduler.ConstantLR"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({horizon: k + 1 + p}, {horizon: k + 1}, {t: horizon + p}), SOURCE),
        claim.computed(PLAIN, "summed", ({horizon: t + p}, {t: horizon + d}), SOURCE),
        claim.starts_and_ends(
            PLAIN,
            {
                "It starts at s·eta_0": ({t: 0}, base * factor),
                "s·eta_0 is the last value before T": ({t: horizon - 1}, base * factor),
                "it is eta_0 from T on": ({t: horizon + d}, base),
            },
            SOURCE,
        ),
    )


FAMILY = Family(
    "constant",
    "Constant factor",
    Citation("torch contributors", 2021, "torch.optim.lr_scheduler", "ConstantLR", "closed form"),
    (KIND,),
    constant,
    claims,
)
