"""Up and down between two learning rates, for ever."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import rate, steps
from spec.lines.triangle import CLAIMS, SMITH, as_share, down, length, up, within
from spec.rule import UNIT, Domain
from spec.schedule import Joint, Schedule, Setting, gamma, t
from spec.schedule_claims import k

bottom, top, low, high = sp.symbols("eta_low eta_high mu_low mu_high", nonnegative=True)
USED = (
    rate(bottom, "base_lr", 0.01, "lowest learning rate"),
    rate(top, "max_lr", 0.1, "highest learning rate of the first cycle"),
    steps(up, "step_size_up", 20, "steps of the rise", 14),
    steps(down, "step_size_down", 20, "steps of the fall", 26),
    Setting(low, "base_momentum", 0.8, UNIT, "momentum at the top"),
    Setting(high, "max_momentum", 0.9, UNIT, "momentum at the bottom"),
)
DECAY = Setting(
    gamma,
    "gamma",
    0.99,
    Domain(0.0, 1.0, low_open=True),
    "factor of the height at every step",
    edges=(0.0, 1.0),
    shown=0.97,
)
MODE = Option(
    "mode",
    {
        "triangular": "equal cycles: Smith 2017",
        "triangular2": "each half as high as the last",
        "exp_range": "the height falls by gamma at every step",
    },
)


def cyclic(mode: str = "triangular") -> Schedule:
    """Build the schedule."""
    cycle = sp.floor(t / (up + down))
    scale = {"triangular": sp.S.One, "triangular2": sp.Pow(2, -cycle), "exp_range": gamma**t}[mode]
    height, other = within(t - cycle * (up + down)) * scale, as_share(t) * scale
    joints = (
        Joint("top", (up + down) * sp.Symbol("i") + up, repeated=True),
        Joint("bottom", (up + down) * sp.Symbol("i"), repeated=True),
    )
    used = (*USED, DECAY) if mode == "exp_range" else USED
    return Schedule(
        "cyclic",
        {"mode": mode},
        used,
        bottom + (top - bottom) * height,
        joints=joints,
        momentum=high - (high - low) * height,
        forms={"share of the cycle": (bottom + (top - bottom) * other, high - (high - low) * other)},
        per_group=("base_lr", "max_lr", "base_momentum", "max_momentum"),
    )


PLAIN, HALVED = cyclic(), cyclic("triangular2")
EVEN, LOWERED = (s.subs(down, length - up) for s in (PLAIN.closed, HALVED.closed - bottom))


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        *CLAIMS,
        claim.substituted("period", "`triangular` has the period u + d.", SMITH, (EVEN.subs(t, t + length), EVEN)),
        claim.substituted(
            "values/ends",
            "A cycle starts at the lowest value and has the highest at its u-th step.",
            SMITH,
            (PLAIN.closed.subs(t, k * (up + down)), bottom),
            (within(up), sp.S.One),
            (within(sp.S.Zero), sp.S.Zero),
        ),
        claim.substituted(
            "height/halved",
            "`triangular2` halves the height with every cycle.",
            SMITH,
            (LOWERED.subs(t, t + length) * 2, LOWERED),
        ),
    )


FAMILY = Family(
    "cyclic",
    "Cyclic",
    Citation(
        "L. N. Smith", 2017, "Cyclical learning rates for training neural networks", "arXiv:1506.01186", "section 3"
    ),
    (MODE,),
    cyclic,
    claims,
)
