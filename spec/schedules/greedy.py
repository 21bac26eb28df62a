"""A decay when a metric has stopped improving, and a rise while it improves: a state machine."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.lines.improvement import CLAIMS, OPTIONS, THRESHOLD, best, best_t, improves, metric, passing
from spec.lines.schedule_symbols import BASE, COUNT
from spec.rule import NONNEGATIVE, OPEN_UNIT, Assignment, Citation, State
from spec.rule import Hyperparameter as Setting
from spec.schedule import Claim, Machine, Schedule, ScheduleFamily, base, lowest, previous
from spec.schedules import plateau as p

good, good_t, counted, wait, wait_t = sp.symbols("g g_t g1 w w_t", integer=True, nonnegative=True)
waiting, resets = sp.symbols("W R", integer=True, nonnegative=True)
left, left_t, spent = sp.symbols("l l_t l1", integer=True)
highest, changed, higher = sp.symbols("eta_max eta2 eta3", nonnegative=True)
FACTOR = Setting(p.factor, "factor", 0.95, OPEN_UNIT, "factor of a decay, and what a rise divides by")
WAIT = Setting(waiting, "warmup", 0, p.COUNTED, "metrics after a rise that are not counted")
HIGHEST = Setting(highest, "max_lr", 1.0, NONNEGATIVE, "highest learning rate")
RESETS = Setting(resets, "reset_start", 500, COUNT, "decays at the lowest value until it starts anew")
USED = (BASE, FACTOR, p.PATIENCE, THRESHOLD, p.COOLDOWN, WAIT, p.LOWEST, HIGHEST, p.EPSILON, RESETS)


def greedy(mode: str = "min", threshold_mode: str = "rel", share: str = "magnitude") -> Schedule:
    """Build the state machine; the metric is ``a``."""
    (better, worst), resting, anew = improves(mode), p.rest + wait > 0, spent <= 0
    rises, falls = counted > p.patience, p.due > p.patience
    fewer = sp.Piecewise((left - 1, changed <= lowest), (left, True))
    moves = ((p.moved(higher, higher - previous), rises), (p.moved(p.lower, previous - p.lower), falls))
    program = (
        passing(mode, threshold_mode, share),
        Assignment("good metrics", counted, sp.Piecewise((0, resting), (good + 1, better), (0, True))),
        Assignment("bad metrics", p.due, sp.Piecewise((0, resting), (0, better), (p.bad + 1, True))),
        Assignment("raised learning rate", higher, sp.Min(previous / p.factor, highest)),
        Assignment("decayed learning rate", p.lower, sp.Max(previous * p.factor, lowest)),
        Assignment("changed learning rate", changed, sp.Piecewise(*moves, (previous, True))),
        Assignment("decays left", spent, sp.Piecewise((resets, rises), (fewer, falls), (left, True))),
        Assignment("learning rate", p.lr_t, sp.Piecewise((base, anew), (changed, True))),
        Assignment(
            "best metric",
            best_t,
            sp.Piecewise((worst, anew), (best, resting), (metric, better), (best, True)),
        ),
        Assignment("count of good metrics", good_t, sp.Piecewise((0, rises), (counted, True))),
        Assignment("count of bad metrics", p.bad_t, sp.Piecewise((0, falls), (p.due, True))),
        Assignment("cooldown", p.rest_t, sp.Piecewise((p.cooldown, falls), (sp.Max(p.rest - 1, 0), True))),
        Assignment("warm-up", wait_t, sp.Piecewise((waiting, rises), (sp.Max(wait - 1, 0), True))),
        Assignment("count of decays left", left_t, sp.Piecewise((resets, anew), (spent, True))),
    )
    states = (
        State(best, best_t, "best", "best metric", 0, worst),
        State(p.bad, p.bad_t, "num_bad_epochs", "bad metrics so far", 0),
        State(good, good_t, "num_good_epochs", "good metrics so far", 0),
        State(p.rest, p.rest_t, "cooldown_counter", "metrics left of the cooldown", 0),
        State(wait, wait_t, "warmup_counter", "metrics left of the warm-up", 0),
        State(left, left_t, "reset_start", "decays left until it starts anew", 0, resets),
    )
    chosen = {"mode": mode, "threshold_mode": threshold_mode, "share": share}
    return Schedule("greedy", chosen, USED, None, machine=Machine(metric, states, program))


SOURCE = "Subramanian et al. 2025"
FAMILY = ScheduleFamily(
    "greedy", "GreedyLR",
    Citation("S. Subramanian, B. Krishnamoorthy and P. Murthy", 2025,
             "Dynamic learning rate scheduling based on loss changes leads to faster convergence",
             "arXiv:2512.14527", "GreedyLR"),
    OPTIONS, greedy,
    (
        *CLAIMS,
        claim.holds("rise/decay", "A rise undoes a decay, within the two bounds.", SOURCE, "substitution",
                    (previous * p.factor / p.factor, previous)),
        Claim("range", "A decay never passes the lowest learning rate, a rise never the highest.", SOURCE,
              "the sign of both distances", nonnegative=lambda: (
                  sp.Max(previous * p.factor - lowest, 0), sp.Max(highest - previous / p.factor, 0))),
    ),
)  # fmt: skip
