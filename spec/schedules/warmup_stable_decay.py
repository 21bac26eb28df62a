"""Linear warm-up, a plateau, and a decay at the end."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, LOWEST, steps
from spec.schedule import Joint, Schedule, base, lowest, t
from spec.schedule_claims import d, p
from spec.schedules.warmup import WARMUP, length

stable, falling = sp.symbols("s d", integer=True, positive=True)
STABLE = steps(stable, "stable", 60, "steps of the plateau", 60)
FALLING = steps(falling, "decay", 30, "steps of the decay", 30)
OPTIONS = (
    Option(
        "shape",
        {
            "linear": "a line: Hägele et al. 2024, transformers, timm",
            "cosine": "half a cosine: transformers, timm",
            "sqrt": "1 minus a square root: Hägele et al. 2024, transformers, timm",
        },
    ),
    Option(
        "first",
        {"zero": "step 0 has 0: Hägele et al. 2024, timm", "lowest": "step 0 has the lowest value: transformers"},
    ),
)


def left(shape: str, done: sp.Expr) -> sp.Expr:
    """Return what is left of the height after the share ``done`` of the decay."""
    if shape == "cosine":
        return (1 + sp.cos(sp.pi * done)) / 2
    return 1 - (done if shape == "linear" else sp.sqrt(done))


def warmup_stable_decay(shape: str = "linear", first: str = "zero") -> Schedule:
    """Build the schedule."""
    begin, share = length + stable, sp.UnevaluatedExpr(lowest / base)
    heights = (t / length, left(shape, (t - begin) / falling))
    ends = (length, begin, begin + falling)
    rise, fall = (lowest + (base - lowest) * height for height in heights)
    up, down = (base * sp.UnevaluatedExpr(share + (1 - share) * height) for height in heights)
    if first == "zero":
        rise = up = base * t / length
    closed, other = (
        sp.Piecewise(*zip((a, base, b, c), (*(t < end for end in ends), True), strict=True))
        for a, b, c in ((rise, fall, lowest), (up, down, base * share))
    )
    names = ("end of the warm-up", "start of the decay", "end")
    return Schedule(
        "warmup_stable_decay",
        {"shape": shape, "first": first},
        (BASE, WARMUP, STABLE, FALLING, LOWEST),
        closed,
        joints=tuple(Joint(name, end) for name, end in zip(names, ends, strict=True)),
        forms={"factor": (other, None)},
    )


PLAIN, RAISED = warmup_stable_decay(), warmup_stable_decay("cosine", "lowest")
SOURCE, BEGIN = "Hägele et al. 2024, section 3", length + stable


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.starts_and_ends(
            PLAIN,
            {
                "It starts at 0": ({t: 0}, sp.S.Zero),
                "is eta_0 at w": ({t: length}, base),
                "and eta_min from the end on": ({t: BEGIN + falling + d}, lowest),
            },
            SOURCE,
        ),
        claim.substituted(
            "plateau",
            "It is eta_0 on the whole plateau.",
            SOURCE,
            (PLAIN.closed.subs(t, length + d).subs(stable, d + p), base),
        ),
        claim.substituted(
            "first/lowest", "With `lowest` it starts at eta_min.", "transformers", (RAISED.closed.subs(t, 0), lowest)
        ),
        claim.continuous(
            lambda: tuple((left(name, sp.Integer(i)), sp.Integer(1 - i)) for name in OPTIONS[0].values for i in (0, 1)),
            "at both ends of the decay, for every shape",
            SOURCE,
        ),
        claim.computed(
            RAISED,
            "factor",
            ({length: t + p}, {t: length + d, stable: d + p}, {t: BEGIN + d, falling: d + p}, {t: BEGIN + falling + d}),
            "transformers",
        ),
    )


FAMILY = Family(
    "warmup_stable_decay",
    "Warm-up, stable, decay",
    Citation(
        "A. Hägele, E. Bakouch, A. Kosson and others",
        2024,
        "Scaling laws and compute-optimal training beyond fixed training durations",
        "arXiv:2405.18392",
        "section 3",
    ),
    OPTIONS,
    warmup_stable_decay,
    claims,
)
