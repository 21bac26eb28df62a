"""Linear warm-up, a plateau, and a decay at the end."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import Citation, Option
from spec.rule import Hyperparameter as Setting
from spec.schedule import Joint, Schedule, ScheduleFamily, base, lowest, t
from spec.schedule_claims import d, p
from spec.schedule_symbols import BASE, COUNT, LOWEST
from spec.schedules.cosine import half_cosine
from spec.schedules.warmup import WARMUP, length

stable, falling = sp.symbols("s d", integer=True, positive=True)
STABLE = Setting(stable, "stable", 60, COUNT, "steps of the plateau")
FALLING = Setting(falling, "decay", 30, COUNT, "steps of the decay")
SHAPE = Option("shape", {"linear": "a line: Hägele et al. 2024, transformers",
    "cosine": "half a cosine: transformers",
                         "sqrt": "1 minus a square root: Hägele et al. 2024"})  # fmt: skip


def shaped(shape: str, done: sp.Expr) -> sp.Expr:
    """Return the decay from the learning rate to the lowest after the share ``done`` of it."""
    if shape == "cosine":
        return half_cosine(done, sp.S.One)
    return lowest + (base - lowest) * (1 - (done if shape == "linear" else sp.sqrt(done)))


def warmup_stable_decay(shape: str = "linear") -> Schedule:
    """Build the schedule."""
    begin = length + stable
    decay = shaped(shape, (t - begin) / falling)
    closed = sp.Piecewise(
        (base * t / length, t < length), (base, t < begin), (decay, t < begin + falling), (lowest, True)
    )
    joints = (
        Joint("end of the warm-up", length),
        Joint("start of the decay", begin),
        Joint("end", begin + falling),
    )
    return Schedule("warmup_stable_decay", {"shape": shape}, (BASE, WARMUP, STABLE, FALLING, LOWEST), closed,
                    joints=joints)  # fmt: skip


PLAIN = warmup_stable_decay()
SOURCE = "Hägele et al. 2024, section 3"
BEGIN = length + stable
FAMILY = ScheduleFamily(
    "warmup_stable_decay", "Warm-up, stable, decay",
    Citation("A. Hägele, E. Bakouch, A. Kosson and others", 2024,
             "Scaling laws and compute-optimal training beyond fixed training durations", "arXiv:2405.18392",
             "section 3"),
    (SHAPE,), warmup_stable_decay,
    (
        claim.starts_and_ends(PLAIN, {"It starts at 0": ({t: 0}, sp.S.Zero), "is eta_0 at w": ({t: length},
            base),
                                      "and eta_min from the end on": ({t: BEGIN + falling + d}, lowest)},
                                      SOURCE),
        claim.holds("plateau", "It is eta_0 on the whole plateau.", SOURCE, "substitution",
                    (PLAIN.closed.subs(t, length + d).subs(stable, d + p), base)),
        claim.continuous(lambda: tuple((shaped(name, sp.Integer(i)), (base, lowest)[i])
                                       for name in SHAPE.values for i in (0, 1)),
                         "at both ends of the decay, for every shape", SOURCE),
    ),
)  # fmt: skip
