"""A factor that the user gives as a function of t."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE
from spec.schedule import Given, Recurrence, Schedule, base, previous, t
from spec.schedule_claims import k

factor = sp.Function("f", nonnegative=True)
FACTOR = Given(factor, "lr_lambda", "factor", "factor at t")
j = sp.Symbol("j", integer=True, positive=True)
OPTIONS = (
    Option(
        "of",
        {
            "base": "of the optimizer's learning rate: torch LambdaLR",
            "previous": "of the step before: torch MultiplicativeLR, whose product starts at t = 1",
        },
    ),
)


def given(of: str = "base") -> Schedule:
    """Build the schedule."""
    if of == "base":
        return Schedule("given", {"of": of}, (BASE,), base * factor(t), given=(FACTOR,))
    closed = base * sp.Product(factor(j), (j, 1, t))
    return Schedule("given", {"of": of}, (BASE,), closed, Recurrence(base, previous * factor(t)), given=(FACTOR,))


PRODUCT = given("previous")
SOURCE = "torch.optim.lr_scheduler.MultiplicativeLR"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "closed-form/recurrence",
            "Multiplying at every step gives the product.",
            SOURCE,
            "induction over t",
            (PRODUCT.closed.subs(t, 0).doit(), base),
            ((PRODUCT.closed.subs(t, k) * factor(k + 1)) / PRODUCT.closed.subs(t, k), factor(k + 1)),
            (sp.Product(factor(j), (j, 1, 4)).doit(), sp.Product(factor(j), (j, 1, 3)).doit() * factor(4)),
        ),
    )


FAMILY = Family(
    "given",
    "A given function",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "LambdaLR and MultiplicativeLR", "get_lr"),
    OPTIONS,
    given,
    claims,
)
