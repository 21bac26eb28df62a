"""A decay by gamma at every step, or by gamma over a number of them."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, decay, steps
from spec.schedule import Recurrence, Schedule, base, gamma, previous, t
from spec.schedule_claims import k

DECAY = decay(0.95, 0.97, 1.0 - 2.0**-16)
size = sp.Symbol("s", integer=True, positive=True)
SIZE = steps(size, "transition_steps", 30, "steps of a decay by gamma")
OVER = Option(
    "over",
    {"step": "by gamma at every step: torch", "period": "by gamma over s steps, a part of it at each: optax, Keras"},
)


def exponential(over: str = "step") -> Schedule:
    """Build the schedule."""
    chosen = {"over": over}
    if over == "period":
        return Schedule("exponential", chosen, (BASE, DECAY, SIZE), base * gamma ** (t / size))
    return Schedule("exponential", chosen, (BASE, DECAY), base * gamma**t, Recurrence(base, previous * gamma))


PLAIN, PERIOD = exponential(), exponential("period")
SOURCE = "torch.optim.lr_scheduler.ExponentialLR"
loss = 1 - gamma


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({t: k + 1},), SOURCE),
        claim.substituted(
            "decay/period",
            "With `period` s steps multiply by gamma.",
            "optax.exponential_decay",
            (PERIOD.closed.subs(t, k + size), gamma * PERIOD.closed.subs(t, k)),
        ),
        claim.starts_and_ends(PLAIN, {"It starts at eta_0": ({t: 0}, base)}, SOURCE),
        claim.substituted(
            "decay/rate",
            "It loses the same share 1 - gamma of itself at every step.",
            SOURCE,
            (PLAIN.closed.subs(t, k) - PLAIN.closed.subs(t, k + 1), loss * PLAIN.closed.subs(t, k)),
        ),
        claim.holds(
            "decay/sum",
            "Its sum over n steps is eta_0·(1 - gamma^n)/(1 - gamma).",
            SOURCE,
            "induction over n",
            (base * (1 - gamma**k) / loss + PLAIN.closed.subs(t, k), base * (1 - gamma ** (k + 1)) / loss),
        ),
    )


FAMILY = Family(
    "exponential",
    "Exponential decay",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "ExponentialLR", "closed form"),
    (OVER,),
    exponential,
    claims,
)
