"""A power of the share of steps left."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, exponent, least, steps
from spec.schedule import Joint, Recurrence, Schedule, base, horizon, previous, t
from spec.schedule_claims import d, k, p

power = sp.Symbol("p", positive=True)
final = sp.Symbol("eta_end", nonnegative=True)
POWER = exponent(power, "power", 1.0, "power of the share left", 2.0)
UNTIL = steps(horizon, "total_iters", 5, "steps until the end", 60, lasting=100_000)
FINAL = least(final, "eta_end", 0.0, "learning rate at the end", below="lr")
END = Option("end", {"zero": "the end is 0: torch", "value": "an end value: optax, Keras, timm, transformers"})


def polynomial(end: str = "zero") -> Schedule:
    """Build the schedule."""
    last = sp.S.Zero if end == "zero" else final
    closed = sp.Piecewise(((base - last) * (1 - t / horizon) ** power + last, t < horizon), (last, True))
    share = ((1 - t / horizon) / (1 - (t - 1) / horizon)) ** power
    step = sp.Piecewise(((previous - last) * share + last, t <= horizon), (previous, True))
    used = (BASE, UNTIL, POWER) if end == "zero" else (BASE, UNTIL, POWER, FINAL)
    clipped = (base - last) * (1 - sp.Min(t, horizon) / horizon) ** power + last
    factor = sp.Piecewise(*((sp.UnevaluatedExpr(value / base), when) for value, when in closed.args))
    return Schedule(
        "polynomial",
        {"end": end},
        used,
        closed,
        Recurrence(base, step),
        (Joint("end", horizon),),
        forms={"factor": (base * factor, None), "clipped": (clipped, None)},
    )


def line() -> Schedule:
    """Return the one of power 1 that ends at 0."""
    whole = polynomial()
    return Schedule("polynomial", whole.options, (BASE, UNTIL), whole.closed.subs(power, 1), joints=whole.joints)


PLAIN, VALUE = polynomial(), polynomial("value")
SOURCE = "torch.optim.lr_scheduler.PolynomialLR"
LEFT = (1 - t / horizon) ** power


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(VALUE, ({horizon: k + 1 + p}, {horizon: k + 1}, {t: horizon + p}), SOURCE),
        claim.computed(VALUE, "factor", ({horizon: t + p}, {t: horizon + d}), "transformers"),
        claim.computed(VALUE, "clipped", ({horizon: t + p}, {t: horizon + d}), "optax"),
        claim.starts_and_ends(
            VALUE, {"It starts at eta_0": ({t: 0}, base), "it is eta_end from T on": ({t: horizon + d}, final)}, SOURCE
        ),
        claim.continuous(lambda: (((base - final) * LEFT.subs(t, horizon) + final, final),), "at T", SOURCE),
        claim.substituted(
            "power/one",
            "With power 1 it falls by the same amount at every step.",
            SOURCE,
            (
                (PLAIN.closed.subs(t, k) - PLAIN.closed.subs(t, k + 1)).subs({horizon: k + 1 + p, power: 1}),
                base / (k + 1 + p),
            ),
        ),
    )


FAMILY = Family(
    "polynomial",
    "Polynomial decay",
    Citation("torch contributors", 2022, "torch.optim.lr_scheduler", "PolynomialLR", "closed form"),
    (END,),
    polynomial,
    claims,
)
