"""From the optimizer's learning rate to the one at which weights are averaged, and no further."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.interpolation import ANNEAL, annealed
from spec.lines.schedule_settings import BASE, rate, steps
from spec.schedule import Joint, Recurrence, Schedule, base, horizon, previous, t
from spec.schedule_claims import d, k, p

final = sp.Symbol("eta_swa", nonnegative=True)
FINAL = rate(final, "swa_lr", 0.05, "learning rate from the end on")
UNTIL = steps(horizon, "anneal_epochs", 10, "steps until the end")


def share(time: sp.Expr, anneal: str) -> sp.Expr:
    """Return the share of the way that lies behind at a time, from 0 to 1."""
    done = time / horizon
    return (1 - sp.cos(sp.pi * done)) / 2 if anneal == "cos" else done


def averaging(anneal: str = "cos") -> Schedule:
    """Build the schedule."""
    closed = sp.Piecewise((annealed(base, final, t / horizon, anneal), t < horizon), (final, True))
    before, now = share(t - 1, anneal), share(t, anneal)
    first = (previous - before * final) / sp.UnevaluatedExpr(1 - before)
    step = sp.Piecewise((final * now + first * (1 - now), t < horizon), (final, True))
    return Schedule(
        "averaging",
        {"anneal": anneal},
        (BASE, FINAL, UNTIL),
        closed,
        Recurrence(base, step),
        (Joint("end", horizon),),
        per_group=("lr", "swa_lr"),
    )


COSINE, LINEAR = averaging(), averaging("linear")
IZMAILOV = "Izmailov et al. 2018, section 3"
REGIMES = ({horizon: k + 1 + p}, {horizon: k + 1}, {t: horizon + p})


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(COSINE, REGIMES, IZMAILOV),
        claim.starts_and_ends(
            COSINE,
            {"It starts at eta_0": ({t: 0}, base), "it is eta_swa from T on": ({t: horizon + d}, final)},
            IZMAILOV,
        ),
        claim.holds(
            "linear/recurrence",
            "The recurrence of the straight line gives its closed form.",
            IZMAILOV,
            "substitution of t - 1",
            *(
                (
                    claim.at(LINEAR.recurrence.step, {previous: claim.at(LINEAR.closed, {t: t - 1})}).subs(where),
                    claim.at(LINEAR.closed, where),
                )
                for where in ({horizon: t + p}, {t: horizon + p})
                if LINEAR.recurrence
            ),
        ),
    )


FAMILY = Family(
    "averaging",
    "To the averaging rate",
    Citation(
        "P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson",
        2018,
        "Averaging weights leads to wider optima and better generalization",
        "arXiv:1803.05407",
        "section 3, with the annealing of torch.optim.swa_utils.SWALR",
    ),
    (ANNEAL,),
    averaging,
    claims,
)
