"""A decay by gamma every s steps."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE, GAMMA, steps
from spec.schedule import Joint, Recurrence, Schedule, base, gamma, previous, t
from spec.schedule_claims import d, floored, k, p

size = sp.Symbol("s", integer=True, positive=True)
SIZE = steps(size, "step_size", 30, "steps between decays", 30, lasting=1000)


def step() -> Schedule:
    """Build the schedule."""
    closed = base * gamma ** sp.floor(t / size)
    following = sp.Piecewise((previous * gamma, sp.Eq(sp.Mod(t, size), 0)), (previous, True))
    decay = Joint("decay", size * sp.Symbol("i"), repeated=True)
    return Schedule("step", {}, (BASE, SIZE, GAMMA), closed, Recurrence(base, following), (decay,))


PLAIN = step()
SOURCE = "torch.optim.lr_scheduler.StepLR"
q = sp.Symbol("q", integer=True, nonnegative=True)
"""t = q·s + r: q decays behind, r steps since."""
SINCE = {size: d + 1 + p}


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({t: (q + 1) * size},), SOURCE),
        claim.holds(
            "closed-form/between",
            "Between decays the recurrence keeps what the closed form keeps.",
            SOURCE,
            "q decays behind and r < s steps since: the floor of q + r/s is q",
            (floored(PLAIN.closed.subs(t, q * size + d + 1), SINCE), base * gamma**q),
            (floored(PLAIN.closed.subs(t, q * size + d), SINCE), base * gamma**q),
            (
                floored(PLAIN.induction.step, SINCE)
                .subs(t, q * size + d + 1)
                .replace(sp.floor, lambda a: floored(sp.floor(a), SINCE)),
                previous,
            ),
        ),
        claim.substituted(
            "decays/times",
            "The i-th decay is at i·s and multiplies by gamma.",
            SOURCE,
            (PLAIN.closed.subs(t, (k + 1) * size), gamma * PLAIN.closed.subs(t, (k + 1) * size - 1)),
        ),
        claim.starts_and_ends(
            PLAIN,
            {"It starts at eta_0": ({t: 0}, base), "it is gamma^q·eta_0 at q·s": ({t: q * size}, base * gamma**q)},
            SOURCE,
        ),
    )


FAMILY = Family(
    "step",
    "Step decay",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "StepLR", "closed form"),
    (),
    step,
    claims,
)
