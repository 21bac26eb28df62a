"""Up and down between two learning rates, for ever."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import NONNEGATIVE, UNIT, Citation, Domain, Option, uncast
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, gamma, t
from spec.schedule_claims import d, k, p
from spec.schedule_symbols import COUNT

bottom, top, low, high = sp.symbols("eta_low eta_high mu_low mu_high", nonnegative=True)
up, down = sp.symbols("u d", integer=True, positive=True)
USED = (
    Setting(bottom, "base_lr", 0.01, NONNEGATIVE, "lowest learning rate"),
    Setting(top, "max_lr", 0.1, NONNEGATIVE, "highest learning rate of the first cycle"),
    Setting(up, "step_size_up", 20, COUNT, "steps of the rise"),
    Setting(down, "step_size_down", 20, COUNT, "steps of the fall"),
    Setting(low, "base_momentum", 0.8, UNIT, "momentum at the top"),
    Setting(high, "max_momentum", 0.9, UNIT, "momentum at the bottom"),
)
DECAY = Setting(gamma, "gamma", 0.99, Domain(0.0, 1.0, low_open=True), "factor of the height at every step")
MODE = Option("mode", {"triangular": "equal cycles: Smith 2017",
                       "triangular2": "each half as high as the last",
                       "exp_range": "the height falls by gamma at every step"})  # fmt: skip


def within(time: sp.Expr) -> sp.Expr:
    """Return the share of the height at a time of one cycle, 0 at its ends and 1 at its top."""
    return sp.Piecewise((time / up, time <= up), ((up + down - time) / down, True))


def as_share(time: sp.Expr) -> sp.Expr:
    """Return the same from the share of the cycle that has passed, as torch computes it."""
    begun = 1 + time / (up + down)
    share, ratio = sp.UnevaluatedExpr(begun) - sp.floor(begun), up / (up + down)
    rising = share / sp.UnevaluatedExpr(ratio)
    falling = sp.UnevaluatedExpr(share - 1) / sp.UnevaluatedExpr(sp.UnevaluatedExpr(ratio) - 1)
    return sp.Piecewise((rising, share <= sp.UnevaluatedExpr(ratio)), (falling, True))


def cyclic(mode: str = "triangular") -> Schedule:
    """Build the schedule."""
    cycle = sp.floor(t / (up + down))
    scale = {"triangular": sp.S.One, "triangular2": sp.Pow(2, -cycle), "exp_range": gamma**t}[mode]
    height, other = within(t - cycle * (up + down)) * scale, as_share(t) * scale
    joints = (Joint("top", (up + down) * sp.Symbol("i") + up, repeated=True),
              Joint("bottom", (up + down) * sp.Symbol("i"), repeated=True))  # fmt: skip
    used = (*USED, DECAY) if mode == "exp_range" else USED
    return Schedule("cyclic", {"mode": mode}, used, bottom + (top - bottom) * height, joints=joints,
                    momentum=high - (high - low) * height, forms={
                        "share of the cycle": (bottom + (top - bottom) * other, high - (high - low) * other)},
                    per_group=("base_lr", "max_lr", "base_momentum", "max_momentum"))  # fmt: skip


PLAIN, HALVED = cyclic(), cyclic("triangular2")
SMITH, SUBSTITUTION = "Smith 2017, section 3", "substitution"
length = sp.Symbol("l", integer=True, positive=True)
"""u + d."""
EVEN, LOWERED = (s.subs(down, length - up) for s in (PLAIN.closed, HALVED.closed - bottom))
time = sp.Symbol("x", positive=True)
"""A time within one cycle, from its start."""
PART, RATIO = time / (up + down), up / (up + down)
WHOLE = (t / length - sp.floor(t / length)) * length / up
RISE, FALL = t / up, (up + down - t) / down
INSIDE = (RISE.subs(up, t + p), FALL.subs(t, up + d).subs(down, d + p))
FAMILY = ScheduleFamily(
    "cyclic", "Cyclic",
    Citation("L. N. Smith", 2017, "Cyclical learning rates for training neural networks", "arXiv:1506.01186",
             "section 3"),
    (MODE,), cyclic,
    (
        claim.holds("forms/share", "Computed from the share of the cycle it is the same.", SMITH,
                    "both pieces", (PART / RATIO, time / up),
                    ((PART - 1) / (RATIO - 1), (up + down - time) / down),
                    (uncast(as_share(t).args[0][0]).subs(down, length - up), WHOLE)),
        claim.holds("period", "`triangular` has the period u + d.", SMITH, SUBSTITUTION,
                    (EVEN.subs(t, t + length), EVEN)),
        claim.holds("values/ends", "A cycle starts at the lowest value and has the highest at its u-th step.",
                    SMITH, SUBSTITUTION, (PLAIN.closed.subs(t, k * (up + down)), bottom),
                    (within(up), sp.S.One), (within(sp.S.Zero), sp.S.Zero)),
        claim.continuous(lambda: ((RISE.subs(t, up), FALL.subs(t, up)), (FALL.subs(t, up + down), sp.S.Zero)),
                         "at the top and at the bottom", SMITH),
        claim.holds("height/halved", "`triangular2` halves the height with every cycle.", SMITH, SUBSTITUTION,
                    (LOWERED.subs(t, t + length) * 2, LOWERED)),
        claim.bounded("The share of the height stays in [0, 1].", SMITH,
                      lambda: (*INSIDE, *(1 - height for height in INSIDE)),
                          "the signs of the distances to both"),
    ),
)  # fmt: skip
