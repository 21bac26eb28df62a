"""Linear warm-up, then one over the square root of the step: the Noam schedule."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, COUNT, steps
from spec.schedule import Joint, Schedule, Setting, base, t
from spec.schedule_claims import k

warmup = sp.Symbol("w", integer=True, positive=True)
width = sp.Symbol("d", integer=True, positive=True)
WARMUP = steps(warmup, "warmup", 10, "steps of the warm-up", 20)
WIDTH = Setting(width, "d_model", 512, COUNT, "width of the model")
OPTIONS = (
    Option(
        "scale",
        {
            "peak": "eta_0 is the peak: transformers, fairseq",
            "width": "eta_0 multiplies d^(-1/2): Vaswani et al. 2017, equation 3",
        },
    ),
    Option("first", {"zero": "the first step has 0: transformers", "one": "it counts as step 1: the paper"}),
)


def inverse_sqrt(scale: str = "peak", first: str = "zero") -> Schedule:
    """Build the schedule."""
    n = t if first == "zero" else t + 1
    rising, falling = n / warmup, sp.sqrt(warmup / n)
    top = base
    if scale == "width":
        rising, falling, top = n / sp.sqrt(warmup) ** 3, 1 / sp.sqrt(n), base / sp.sqrt(width)
    closed = top * sp.Piecewise((rising, n < warmup), (falling, True))
    used = (BASE, WARMUP) if scale == "peak" else (BASE, WARMUP, WIDTH)
    peak = Joint("peak", warmup if first == "zero" else warmup - 1)
    return Schedule("inverse_sqrt", {"scale": scale, "first": first}, used, closed, joints=(peak,))


PLAIN, PAPER = inverse_sqrt(), inverse_sqrt("width", "one")
SOURCE = "Vaswani et al. 2017, equation 3"
n = t + 1
MINIMUM = base / sp.sqrt(width) * sp.Min(1 / sp.sqrt(n), n / sp.sqrt(warmup) ** 3)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.substituted(
            "peak/value", "With `peak` it is eta_0 at step w.", SOURCE, (PLAIN.closed.subs(t, warmup), base)
        ),
        claim.substituted(
            "peak/paper",
            "The paper's peak is eta_0·(d·w)^(-1/2), at its step w.",
            SOURCE,
            (PAPER.closed.subs(t, warmup - 1), base / sp.sqrt(width * warmup)),
        ),
        claim.holds(
            "minimum/pieces",
            "The paper's minimum is the rising piece until w and the falling one after.",
            SOURCE,
            "the ratio of the pieces is (n/w)^(3/2), which is 1 at w",
            ((n / sp.sqrt(warmup) ** 3) / (1 / sp.sqrt(n)), (n / warmup) ** sp.Rational(3, 2)),
            (MINIMUM.subs(warmup, n), PAPER.closed.subs(warmup, n)),
        ),
        claim.continuous(
            lambda: (((t / warmup).subs(t, warmup), sp.sqrt(warmup / t).subs(t, warmup)),), "at the peak", SOURCE
        ),
        claim.monotone(
            "It falls after the peak.", SOURCE, lambda: (sp.factor(1 / (warmup + k) - 1 / (warmup + k + 1)),)
        ),
    )


FAMILY = Family(
    "inverse_sqrt",
    "Inverse square root (Noam)",
    Citation(
        "A. Vaswani, N. Shazeer, N. Parmar and others",
        2017,
        "Attention is all you need",
        "arXiv:1706.03762",
        "equation 3",
    ),
    OPTIONS,
    inverse_sqrt,
    claims,
)
