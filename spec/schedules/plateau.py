"""A decay when a metric has stopped improving: a state machine."""

from __future__ import annotations

import sympy as sp

from spec.family import Citation, Family, FormulaClaim
from spec.lines.improvement import CLAIMS, OPTIONS, THRESHOLD, best, best_t, improves, metric, passing
from spec.lines.schedule_settings import BASE, least, metrics
from spec.rule import UNIT, Assignment, Domain, State
from spec.schedule import Machine, Schedule, Setting, lowest, previous

bad, bad_t, rest, rest_t = sp.symbols("n n_t r r_t", integer=True, nonnegative=True)
counted, due, patience, cooldown = sp.symbols("n1 n2 P C", integer=True, nonnegative=True)
factor, epsilon, lr_t, lower = sp.symbols("gamma epsilon eta_t eta1", nonnegative=True)
COUNTED = Domain(0, 10**6)
PATIENCE = metrics(patience, "patience", 10, "bad metrics that are borne", 5)
COOLDOWN = metrics(cooldown, "cooldown", 0, "metrics after a decay that are not counted", 8)
LOWEST = least(lowest, "min_lr", 0.0, "lowest learning rate")
EPSILON = least(epsilon, "eps", 1e-8, "smallest change that is made")
FACTOR = Setting(factor, "factor", 0.1, UNIT, "factor of a decay", shown=0.5)


def moved(to: sp.Expr, by: sp.Expr) -> sp.Expr:
    """Return a new learning rate, which is taken where it changes by enough."""
    return sp.Piecewise((to, by > epsilon), (previous, True))


def plateau(mode: str = "min", threshold_mode: str = "rel", share: str = "magnitude") -> Schedule:
    """Build the state machine; the metric is ``a``."""
    (better, worst), decays = improves(mode), due > patience
    decayed = moved(lower, previous - lower)
    program = (
        passing(mode, threshold_mode, share),
        Assignment("best metric", best_t, sp.Piecewise((metric, better), (best, True))),
        Assignment("bad metrics", counted, sp.Piecewise((0, better), (bad + 1, True))),
        Assignment("bad metrics that count", due, sp.Piecewise((0, rest > 0), (counted, True))),
        Assignment("decayed learning rate", lower, sp.Max(previous * factor, lowest)),
        Assignment("learning rate", lr_t, sp.Piecewise((decayed, decays), (previous, True))),
        Assignment("cooldown", rest_t, sp.Piecewise((cooldown, decays), (sp.Max(rest - 1, 0), True))),
        Assignment("counter", bad_t, sp.Piecewise((0, decays), (due, True))),
    )
    states = (
        State(best, best_t, "best", "best metric", 0, worst),
        State(bad, bad_t, "num_bad_epochs", "bad metrics so far", 0),
        State(rest, rest_t, "cooldown_counter", "metrics left of the cooldown", 0),
    )
    chosen = {"mode": mode, "threshold_mode": threshold_mode, "share": share}
    used = (BASE, FACTOR, PATIENCE, THRESHOLD, COOLDOWN, LOWEST, EPSILON)
    return Schedule("plateau", chosen, used, None, machine=Machine(metric, states, program))


size = sp.Symbol("v", nonnegative=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        *CLAIMS,
        FormulaClaim(
            "range",
            "A decay never passes the lowest learning rate, and never raises.",
            "torch.optim.lr_scheduler.ReduceLROnPlateau",
            "the sign of both distances, the factor written 1/(1 + v)",
            nonnegative=lambda: (sp.Max(previous * factor - lowest, 0), previous - previous / (1 + size)),
        ),
    )


FAMILY = Family(
    "plateau",
    "Reduce on plateau",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "ReduceLROnPlateau", "step"),
    OPTIONS,
    plateau,
    claims,
)
