"""Linear warm-up into another schedule."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import Citation, Option
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, base, horizon, lowest, t
from spec.schedule_claims import d, k
from spec.schedule_symbols import BASE, COUNT, LOWEST
from spec.schedules.cosine import half_cosine

length = sp.Symbol("w", integer=True, positive=True)
WARMUP = Setting(length, "warmup", 10, COUNT, "steps of the warm-up")
UNTIL = Setting(horizon, "T", 100, COUNT, "steps of the main schedule after the warm-up")
OPTIONS = (
    Option("into", {"cosine": "half a cosine, held at its end", "constant": "the learning rate itself",
                    "linear": "a line to the lowest value"}),
    Option("first", {"zero": "step 0 has 0: transformers, optax, Keras, timm",
                     "share": "step 0 has 1/w, step w - 1 the whole: Goyal et al. 2017"}),
    Option("clock", {"restart": "the main schedule starts at the end of the warm-up: torch SequentialLR, "
                                "transformers", "shared": "it has run since step 0: timm without "
                                    "warmup_prefix"}),
)  # fmt: skip


def into(main: sp.Expr, first: str = "zero", clock: str = "restart") -> sp.Expr:
    """Return a warm-up into ``main``, an expression of t."""
    ramp = base * (t if first == "zero" else t + 1) / length
    return sp.Piecewise((ramp, t < length), (main.subs(t, t - length) if clock == "restart" else main, True))


def main_schedule(name: str) -> sp.Expr:
    """Return the main schedule by name."""
    ended = sp.Piecewise((half_cosine(t, horizon), t < horizon), (lowest, True))
    line = sp.Piecewise((base + (lowest - base) * t / horizon, t < horizon), (lowest, True))
    return {"cosine": ended, "constant": base, "linear": line}[name]


def warmup(into_: str = "cosine", first: str = "zero", clock: str = "restart") -> Schedule:
    """Build the schedule."""
    used = (BASE, WARMUP) if into_ == "constant" else (BASE, WARMUP, UNTIL, LOWEST)
    joints = [Joint("end of the warm-up", length)]
    if into_ != "constant":
        joints.append(Joint("end", horizon + (length if clock == "restart" else 0)))
    chosen = {"into": into_, "first": first, "clock": clock}
    closed = into(main_schedule(into_), first, clock)
    return Schedule("warmup", chosen, used, closed, joints=tuple(joints))


def _build(**options: str) -> Schedule:
    return warmup(options.pop("into", "cosine"), **options)


PLAIN, SHARE, ANY = warmup(), warmup(first="share"), sp.Function("f")
GOYAL = "Goyal et al. 2017, section 2.2"
FAMILY = ScheduleFamily(
    "warmup", "Linear warm-up into another schedule",
    Citation("P. Goyal, P. Dollár, R. Girshick and others", 2017,
             "Accurate, large minibatch SGD: training ImageNet in 1 hour", "arXiv:1706.02677", "section 2.2"),
    OPTIONS, _build,
    (
        claim.holds("warm-up/anything", "After the warm-up any main schedule f is itself, w steps later.",
            GOYAL,
                    "substitution for an arbitrary f", (into(ANY(t)).subs(t, length + d), ANY(d))),
        claim.starts_and_ends(PLAIN, {"With `zero` it starts at 0": ({t: 0}, sp.S.Zero),
            "it peaks at w with eta_0":
                                      ({t: length}, base)}, GOYAL),
        claim.holds("first/share", "With `share` it starts at eta_0/w and is eta_0 at w - 1.", GOYAL,
            "substitution",
                    (SHARE.closed.subs(t, 0), base / length), (SHARE.closed.subs(t, length - 1), base)),
        claim.continuous(lambda: (((base * t / length).subs(t, length), PLAIN.closed.subs(t, length)),
                                  (half_cosine(horizon, horizon), lowest)), "at w and at the end", GOYAL),
        claim.holds("warm-up/even", "It rises by eta_0/w at every step of the warm-up.", GOYAL,
            "substitution",
                    ((PLAIN.closed.subs(t, k + 1) - PLAIN.closed.subs(t, k)).subs(length, k + 2 + d),
                     base / (k + 2 + d))),
    ),
)  # fmt: skip
