"""A decay when a metric has stopped improving, and a rise while it improves: a state machine."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.improvement import CLAIMS, OPTIONS, THRESHOLD, best, best_t, improves, metric, passing
from spec.lines.schedule_settings import BASE, COUNT, metrics, rate
from spec.rule import OPEN_UNIT, Assignment, State
from spec.schedule import Machine, Schedule, Setting, base, lowest, previous
from spec.schedules import plateau

good, good_t, counted, wait, wait_t = sp.symbols("g g_t g1 w w_t", integer=True, nonnegative=True)
waiting, resets = sp.symbols("W R", integer=True, nonnegative=True)
left, left_t, spent = sp.symbols("l l_t l1", integer=True)
highest, changed, higher = sp.symbols("eta_max eta2 eta3", nonnegative=True)
FACTOR = Setting(plateau.factor, "factor", 0.95, OPEN_UNIT, "factor of a decay, and what a rise divides by", shown=0.5)
WAIT = metrics(waiting, "warmup", 0, "metrics after a rise that are not counted", 20)
HIGHEST = rate(highest, "max_lr", 1.0, "highest learning rate")
RESETS = Setting(resets, "reset_start", 500, COUNT, "decays at the lowest value until it starts anew", (1, 2, 3, 500))
USED = (
    BASE,
    FACTOR,
    plateau.PATIENCE,
    THRESHOLD,
    plateau.COOLDOWN,
    WAIT,
    plateau.LOWEST,
    HIGHEST,
    plateau.EPSILON,
    RESETS,
)


def greedy(mode: str = "min", threshold_mode: str = "rel", share: str = "magnitude") -> Schedule:
    """Build the state machine; the metric is ``a``."""
    (better, worst), resting, anew = improves(mode), plateau.rest + wait > 0, spent <= 0
    rises, falls = counted > plateau.patience, plateau.due > plateau.patience
    fewer = sp.Piecewise((left - 1, changed <= lowest), (left, True))
    moves = (
        (plateau.moved(higher, higher - previous), rises),
        (plateau.moved(plateau.lower, previous - plateau.lower), falls),
    )
    program = (
        passing(mode, threshold_mode, share),
        Assignment("good metrics", counted, sp.Piecewise((0, resting), (good + 1, better), (0, True))),
        Assignment("bad metrics", plateau.due, sp.Piecewise((0, resting), (0, better), (plateau.bad + 1, True))),
        Assignment("raised learning rate", higher, sp.Min(previous / plateau.factor, highest)),
        Assignment("decayed learning rate", plateau.lower, sp.Max(previous * plateau.factor, lowest)),
        Assignment("changed learning rate", changed, sp.Piecewise(*moves, (previous, True))),
        Assignment("decays left", spent, sp.Piecewise((resets, rises), (fewer, falls), (left, True))),
        Assignment("learning rate", plateau.lr_t, sp.Piecewise((base, anew), (changed, True))),
        Assignment("best metric", best_t, sp.Piecewise((worst, anew), (best, resting), (metric, better), (best, True))),
        Assignment("count of good metrics", good_t, sp.Piecewise((0, rises), (counted, True))),
        Assignment("count of bad metrics", plateau.bad_t, sp.Piecewise((0, falls), (plateau.due, True))),
        Assignment(
            "cooldown", plateau.rest_t, sp.Piecewise((plateau.cooldown, falls), (sp.Max(plateau.rest - 1, 0), True))
        ),
        Assignment("warm-up", wait_t, sp.Piecewise((waiting, rises), (sp.Max(wait - 1, 0), True))),
        Assignment("count of decays left", left_t, sp.Piecewise((resets, anew), (spent, True))),
    )
    states = (
        State(best, best_t, "best", "best metric", 0, worst),
        State(plateau.bad, plateau.bad_t, "num_bad_epochs", "bad metrics so far", 0),
        State(good, good_t, "num_good_epochs", "good metrics so far", 0),
        State(plateau.rest, plateau.rest_t, "cooldown_counter", "metrics left of the cooldown", 0),
        State(wait, wait_t, "warmup_counter", "metrics left of the warm-up", 0),
        State(left, left_t, "reset_start", "decays left until it starts anew", 0, resets),
    )
    chosen = {"mode": mode, "threshold_mode": threshold_mode, "share": share}
    return Schedule("greedy", chosen, USED, None, machine=Machine(metric, states, program))


SOURCE = "Subramanian et al. 2025"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        *CLAIMS,
        claim.substituted(
            "rise/decay",
            "A rise undoes a decay, within the two bounds.",
            SOURCE,
            (previous * plateau.factor / plateau.factor, previous),
        ),
        FormulaClaim(
            "range",
            "A decay never passes the lowest learning rate, a rise never the highest.",
            SOURCE,
            "the sign of both distances",
            nonnegative=lambda: (
                sp.Max(previous * plateau.factor - lowest, 0),
                sp.Max(highest - previous / plateau.factor, 0),
            ),
        ),
    )


FAMILY = Family(
    "greedy",
    "GreedyLR",
    Citation(
        "S. Subramanian, B. Krishnamoorthy and P. Murthy",
        2025,
        "Dynamic learning rate scheduling based on loss changes leads to faster convergence",
        "arXiv:2512.14527",
        "GreedyLR",
    ),
    OPTIONS,
    greedy,
    claims,
)
