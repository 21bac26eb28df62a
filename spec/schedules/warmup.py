"""Linear warm-up into another schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import Citation, Option
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, base, horizon, t
from spec.schedule_claims import d, k, p
from spec.schedule_symbols import BASE, COUNT
from spec.schedules.constant import constant
from spec.schedules.cosine import cosine
from spec.schedules.cosine_restarts import cosine_restarts
from spec.schedules.exponential import exponential
from spec.schedules.polynomial import polynomial, power

length = sp.Symbol("w", integer=True, positive=True)
WARMUP = Setting(length, "warmup", 10, COUNT, "steps of the warm-up")


def line() -> Schedule:
    """Return the line to 0, which is a polynomial of power 1."""
    whole = polynomial()
    settings = tuple(h for h in whole.hyperparameters if h.symbol != power)
    return dataclasses.replace(whole, value=whole.closed.subs(power, 1), hyperparameters=settings, forms={})


MAIN: dict[str, tuple[Callable[[], Schedule], str]] = {
    "cosine": (lambda: cosine("hold"), "half a cosine, held at its end: optax, timm, Keras"),
    "periodic": (cosine, "half a cosine that rises again after its end: transformers"),
    "constant": (lambda: constant("none"), "the learning rate itself: transformers, optax"),
    "linear": (line, "a line to 0: transformers"),
    "polynomial": (lambda: polynomial("value"), "a power of the share left: transformers, timm"),
    "exponential": (lambda: exponential("period"), "an exponential decay: optax"),
    "restarts": (lambda: cosine_restarts("equal"), "n half cosines, and then 0: transformers"),
}
OPTIONS = (
    Option("into", {name: meaning for name, (_, meaning) in MAIN.items()}),
    Option("first", {"zero": "step 0 has 0: transformers, optax, Keras, timm",
                     "share": "step 0 has 1/w, step w - 1 the whole: Goyal et al. 2017"}),
    Option("clock", {"restart": "the main schedule starts at w: torch SequentialLR, transformers, optax",
                     "peak": "at w - 1, which has the whole with `share`: transformers with warmup_lr_rate",
                     "shared": "it has run since step 0: timm without warmup_prefix"}),
)  # fmt: skip


def into(main: sp.Expr, first: str = "zero", clock: str = "restart") -> sp.Expr:
    """Return a warm-up into ``main``, an expression of t."""
    rise = base * ramp(first) / length
    return sp.Piecewise((rise, t < length), (main.subs(t, t - begun(clock)), True))


def ramp(first: str) -> sp.Expr:
    """Return how many steps of the warm-up count at t."""
    return t if first == "zero" else t + 1


def begun(clock: str) -> sp.Expr:
    """Return the step at which the main schedule is at its own 0."""
    return {"restart": length, "peak": length - 1, "shared": sp.S.Zero}[clock]


def warmup(into_: str = "cosine", first: str = "zero", clock: str = "restart") -> Schedule:
    """Build the schedule."""
    main = MAIN[into_][0]()
    joints = [Joint("end of the warm-up", length)]
    joints += [dataclasses.replace(joint, time=begun(clock) + joint.time) for joint in main.joints]
    forms = {name: (into(other, first, clock), None) for name, (other, _) in main.forms.items()}
    other = into(main.forms.get("factor", (main.closed,))[0], first, clock)
    forms["from the peak"] = (
        sp.Piecewise((base - base * (1 - ramp(first) / length), t < length), other.args[1]),
        None,
    )
    chosen = {"into": into_, "first": first, "clock": clock}
    return Schedule("warmup", chosen, (BASE, WARMUP, *main.hyperparameters[1:]),
                    into(main.closed, first, clock), joints=tuple(joints), forms=forms)  # fmt: skip


def _build(**options: str) -> Schedule:
    return warmup(options.pop("into", "cosine"), **options)


PLAIN, SHARE, ANY = warmup(), warmup(first="share"), sp.Function("f")
LINEAR = warmup("linear", "share", "peak").closed
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
                                      "it peaks at w with eta_0": ({t: length}, base)}, GOYAL),
        claim.holds("first/share", "With `share` it starts at eta_0/w and is eta_0 at w - 1.", GOYAL,
                    "substitution", (SHARE.closed.subs(t, 0), base / length),
                    (SHARE.closed.subs(t, length - 1), base)),
        claim.continuous(lambda: (((base * t / length).subs(t, length), PLAIN.closed.subs(t, length)),),
                "at w",
                         GOYAL),
        claim.holds("clock/peak", "With `peak` the first step after the whole has f(1).", "transformers",
                    "substitution", (into(ANY(t), "share", "peak").subs(t, length), ANY(1)),
                    (LINEAR.subs(t, length).subs(horizon, d + 2), base * (d + 1) / (d + 2))),
        claim.computed(PLAIN, "from the peak", ({length: t + p}, {t: length + d, horizon: d + p},
                       {t: length + horizon + d}), "optax"),
        claim.holds("warm-up/even", "It rises by eta_0/w at every step of the warm-up.", GOYAL,
                "substitution",
                    ((PLAIN.closed.subs(t, k + 1) - PLAIN.closed.subs(t, k)).subs(length, k + 2 + d),
                     base / (k + 2 + d))),
    ),
)  # fmt: skip
