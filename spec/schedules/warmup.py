"""Linear warm-up into another schedule."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, steps
from spec.schedule import Joint, Schedule, base, horizon, t
from spec.schedule_claims import d, k, p
from spec.schedules import constant, cosine, cosine_restarts, exponential, polynomial

length = sp.Symbol("w", integer=True, positive=True)
WARMUP = steps(length, "warmup", 10, "steps of the warm-up", 20)
MAIN: dict[str, tuple[Schedule, str]] = {
    "cosine": (cosine.HELD, "half a cosine, held at its end: optax, timm, Keras"),
    "periodic": (cosine.PLAIN, "half a cosine that rises again after its end: transformers"),
    "constant": (constant.constant("plain"), "the learning rate itself: transformers, optax"),
    "linear": (polynomial.line(), "a line to 0: transformers"),
    "polynomial": (polynomial.VALUE, "a power of the share left: transformers, timm"),
    "exponential": (exponential.PERIOD, "an exponential decay: optax"),
    "restarts": (cosine_restarts.EQUAL, "n half cosines, and then 0: transformers"),
}
OPTIONS = (
    Option("into", {name: meaning for name, (_, meaning) in MAIN.items()}),
    Option(
        "first",
        {
            "zero": "step 0 has 0: transformers, optax, Keras, timm",
            "share": "step 0 has 1/w, step w - 1 the whole: Goyal et al. 2017",
        },
    ),
    Option(
        "clock",
        {
            "restart": "the main schedule starts at w: torch SequentialLR, transformers, optax",
            "peak": "at w - 1, which has the whole with `share`: transformers with warmup_lr_rate",
            "shared": "it has run since step 0: timm without warmup_prefix",
        },
    ),
)


def warmup(main: Schedule, first: str = "zero", clock: str = "restart", into: str = "cosine") -> Schedule:
    """Build the schedule; ``into`` is what the main one is called."""
    begun = {"restart": length, "peak": length - 1, "shared": sp.S.Zero}[clock]
    share = (t if first == "zero" else t + 1) / length

    def joined(rising: sp.Expr, other: sp.Expr) -> sp.Expr:
        return sp.Piecewise((rising, t < length), (other.subs(t, t - begun), True))

    forms = {name: (joined(base * share, other), None) for name, (other, _) in main.forms.items()}
    fallen, _ = main.forms.get("factor", (main.closed, None))
    forms["from the peak"] = (joined(base - base * (1 - share), fallen), None)
    joints = (dataclasses.replace(joint, time=begun + joint.time) for joint in main.joints)
    return Schedule(
        "warmup",
        {"into": into, "first": first, "clock": clock},
        (BASE, WARMUP, *main.hyperparameters[1:]),
        joined(base * share, main.closed),
        joints=(Joint("end of the warm-up", length), *joints),
        forms=forms,
    )


ANY = Schedule("any", {}, (BASE,), sp.Function("f")(t))
PLAIN, PEAK = warmup(cosine.HELD), warmup(ANY, "share", "peak").closed
POWER = warmup(polynomial.VALUE)
PLACES = ({length: t + p}, {t: length + d, horizon: d + p}, {t: length + horizon + d})
GOYAL, RISE = "Goyal et al. 2017, section 2.2", base * t / length


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.substituted(
            "warm-up/anything",
            "After the warm-up any main schedule f is itself, w steps later.",
            GOYAL,
            (warmup(ANY).closed.subs(t, length + d), ANY.closed.subs(t, d)),
        ),
        claim.starts_and_ends(
            PLAIN,
            {"With `zero` it starts at 0": ({t: 0}, sp.S.Zero), "it peaks at w with eta_0": ({t: length}, base)},
            GOYAL,
        ),
        claim.substituted(
            "first/share",
            "With `share` it starts at eta_0/w and is eta_0 at w - 1.",
            GOYAL,
            (PEAK.subs(t, 0), base / length),
            (PEAK.subs(t, length - 1), base),
        ),
        claim.substituted(
            "clock/peak", "With `peak` step w has f(1).", "transformers", (PEAK.subs(t, length), ANY.closed.subs(t, 1))
        ),
        claim.continuous(lambda: ((RISE.subs(t, length), PLAIN.closed.subs(t, length)),), "at w", GOYAL),
        claim.substituted(
            "warm-up/even",
            "It rises by eta_0/w at every step of the warm-up.",
            GOYAL,
            (RISE.subs(t, k + 1) - RISE.subs(t, k), base / length),
        ),
        claim.computed(PLAIN, "from the peak", PLACES, "optax"),
        claim.computed(PLAIN, "factor", PLACES, "optax, transformers"),
        claim.computed(POWER, "clipped", PLACES, "optax"),
    )


FAMILY = Family(
    "warmup",
    "Linear warm-up into another schedule",
    Citation(
        "P. Goyal, P. Dollár, R. Girshick and others",
        2017,
        "Accurate, large minibatch SGD: training ImageNet in 1 hour",
        "arXiv:1706.02677",
        "section 2.2",
    ),
    OPTIONS,
    lambda into="cosine", **others: warmup(MAIN[into][0], into=into, **others),
    claims,
)
