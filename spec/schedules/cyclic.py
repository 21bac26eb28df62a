"""Up and down between two learning rates, for ever."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import NONNEGATIVE, UNIT, Citation, Domain, Option, uncast
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, t
from spec.schedule_claims import d, k, p
from spec.schedule_symbols import COUNT

bottom, top = sp.symbols("eta_low eta_high", nonnegative=True)
up, down = sp.symbols("u d", integer=True, positive=True)
low, high = sp.symbols("mu_low mu_high", nonnegative=True)
decay = sp.Symbol("gamma", positive=True)
USED = (
    Setting(bottom, "base_lr", 0.01, NONNEGATIVE, "lowest learning rate"),
    Setting(top, "max_lr", 0.1, NONNEGATIVE, "highest learning rate of the first cycle"),
    Setting(up, "step_size_up", 20, COUNT, "steps of the rise"),
    Setting(down, "step_size_down", 20, COUNT, "steps of the fall"),
    Setting(low, "base_momentum", 0.8, UNIT, "momentum at the top"),
    Setting(high, "max_momentum", 0.9, UNIT, "momentum at the bottom"),
)
DECAY = Setting(decay, "gamma", 0.99, Domain(0.0, 1.0, low_open=True), "factor of the height at every step")
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
    scale = {"triangular": sp.S.One, "triangular2": sp.Pow(2, -cycle), "exp_range": decay**t}[mode]
    height, other = within(t - cycle * (up + down)) * scale, as_share(t) * scale
    joints = (Joint("top", (up + down) * sp.Symbol("i") + up, repeated=True),
              Joint("bottom", (up + down) * sp.Symbol("i"), repeated=True))  # fmt: skip
    used = (*USED, DECAY) if mode == "exp_range" else USED
    return Schedule("cyclic", {"mode": mode}, used, bottom + (top - bottom) * height, joints=joints,
                    momentum=high - (high - low) * height, forms={
                        "share of the cycle": (bottom + (top - bottom) * other, high - (high - low) * other)},
                    per_group=("base_lr", "max_lr", "base_momentum", "max_momentum"))  # fmt: skip


PLAIN, HALVED = cyclic(), cyclic("triangular2")
SMITH = "Smith 2017, section 3"
length = sp.Symbol("l", integer=True, positive=True)
"""u + d."""
EVEN = PLAIN.closed.subs(down, length - up)
LOWERED = (HALVED.closed - bottom).subs(down, length - up)
time = sp.Symbol("x", positive=True)
"""A time within one cycle, from its start."""
PART = time / (up + down)
SHARE = PART / (up / (up + down)), (PART - 1) / (up / (up + down) - 1)
RISE, FALL = t / up, (up + down - t) / down
FAMILY = ScheduleFamily(
    "cyclic", "Cyclic",
    Citation("L. N. Smith", 2017, "Cyclical learning rates for training neural networks", "arXiv:1506.01186",
             "section 3"),
    (MODE,), cyclic,
    (
        claim.holds("forms/share", "Computed from the share of the cycle it is the same.", SMITH,
            "both pieces",
                    (SHARE[0], time / up), (SHARE[1], (up + down - time) / down),
                    (uncast(as_share(t).args[0][0]).subs(down, length - up),
                        (t / length - sp.floor(t / length)) *
                     length / up)),
        claim.holds("period", "`triangular` has the period u + d.", SMITH, "substitution",
                    (EVEN.subs(t, t + length), EVEN)),
        claim.holds("values/ends", "A cycle starts at the lowest value and has the highest at its u-th "
            "step.", SMITH,
                    "substitution", (PLAIN.closed.subs(t, k * (up + down)), bottom),
                    (within(up), sp.S.One), (within(sp.S.Zero), sp.S.Zero)),
        claim.continuous(lambda: ((RISE.subs(t, up), FALL.subs(t, up)), (FALL.subs(t, up + down), sp.S.Zero)),
                         "at the top and at the bottom", SMITH),
        claim.holds("height/halved", "`triangular2` halves the height with every cycle.", SMITH,
            "substitution",
                    (LOWERED.subs(t, t + length) * 2, LOWERED)),
        claim.bounded("The share of the height stays in [0, 1].", SMITH,
                      lambda: (RISE.subs(up, t + p), 1 - RISE.subs(up, t + p), FALL.subs(t,
                          up + d).subs(down, d + p),
                               1 - FALL.subs(t, up + d).subs(down, d + p)),
                                   "the signs of the distances to both"),
    ),
)  # fmt: skip
