"""A decay when a metric has stopped improving: a state machine."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import NONNEGATIVE, UNIT, Assignment, Citation, Domain, Option, State
from spec.rule import Hyperparameter as Setting
from spec.schedule import Claim, Machine, Schedule, ScheduleFamily, lowest, previous
from spec.schedule_symbols import BASE

metric, best, best_t, bound = sp.symbols("a b b_t c", real=True)
bad, bad_t, rest, rest_t = sp.symbols("n n_t r r_t", integer=True, nonnegative=True)
counted, due = sp.symbols("n1 n2", integer=True, nonnegative=True)
patience, cooldown = sp.symbols("P C", integer=True, nonnegative=True)
factor, tau, epsilon = sp.symbols("gamma tau epsilon", nonnegative=True)
lr_t, lower = sp.symbols("eta_t eta1", nonnegative=True)
COUNTED = Domain(0, 10**6)
USED = (
    BASE,
    Setting(factor, "factor", 0.1, UNIT, "factor of a decay"),
    Setting(patience, "patience", 10, COUNTED, "bad metrics that are borne"),
    Setting(tau, "threshold", 1e-4, UNIT, "what an improvement must exceed"),
    Setting(cooldown, "cooldown", 0, COUNTED, "metrics after a decay that are not counted"),
    Setting(lowest, "min_lr", 0.0, NONNEGATIVE, "lowest learning rate"),
    Setting(epsilon, "eps", 1e-8, NONNEGATIVE, "smallest change that is made"),
)
OPTIONS = (
    Option("mode", {"min": "smaller is better", "max": "larger is better"}),
    Option("threshold_mode", {"rel": "a share of the best metric", "abs": "an amount"}),
    Option("share", {"magnitude": "of |best|, so that an improvement is always better than the best",
                     "signed": "of best itself, whatever its sign: torch, timm"}),
)  # fmt: skip


def must_pass(mode: str, threshold_mode: str, share: str) -> sp.Expr:
    """Return what a metric must pass to be an improvement."""
    sign = -1 if mode == "min" else 1
    if threshold_mode == "abs":
        return best + sign * tau
    return best * (1 + sign * tau * (sp.sign(best) if share == "magnitude" else 1))


def plateau(mode: str = "min", threshold_mode: str = "rel", share: str = "magnitude") -> Schedule:
    """Build the state machine; the metric is ``a``."""
    better = metric < bound if mode == "min" else metric > bound
    worst = sp.oo if mode == "min" else -sp.oo
    resting, decays, enough = rest > 0, due > patience, previous - lower > epsilon
    decayed = sp.Piecewise((lower, enough), (previous, True))
    program = (
        Assignment("what must be passed", bound, must_pass(mode, threshold_mode, share)),
        Assignment("best metric", best_t, sp.Piecewise((metric, better), (best, True))),
        Assignment("bad metrics", counted, sp.Piecewise((0, better), (bad + 1, True))),
        Assignment("bad metrics that count", due, sp.Piecewise((0, resting), (counted, True))),
        Assignment("decayed learning rate", lower, sp.Max(previous * factor, lowest)),
        Assignment("learning rate", lr_t, sp.Piecewise((decayed, decays), (previous, True))),
        Assignment("cooldown", rest_t, sp.Piecewise((cooldown, decays), (sp.Max(rest - 1, 0), True))),
        Assignment("counter", bad_t, sp.Piecewise((0, decays), (due, True))),
    )
    states = (State(best, best_t, "best", "best metric", 0, worst),
              State(bad, bad_t, "num_bad_epochs", "bad metrics so far", 0),
              State(rest, rest_t, "cooldown_counter", "metrics left of the cooldown", 0))  # fmt: skip
    chosen = {"mode": mode, "threshold_mode": threshold_mode, "share": share}
    return Schedule("plateau", chosen, USED, None, machine=Machine(metric, states, program))


TORCH = "torch.optim.lr_scheduler.ReduceLROnPlateau"
size = sp.Symbol("v", nonnegative=True)
MAGNITUDE, SIGNED = (must_pass("min", "rel", share) for share in ("magnitude", "signed"))
BETTER = [best - MAGNITUDE, best - must_pass("min", "abs", "magnitude")]
FAMILY = ScheduleFamily(
    "plateau", "Reduce on plateau",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "ReduceLROnPlateau", "step"),
    OPTIONS, plateau,
    (
        Claim("improvement/better", "With `magnitude` and `abs` an improvement is never worse than the best.",
              TORCH, "the sign of best - bound for `min`; `max` is its mirror", nonnegative=lambda: tuple(
                  sp.simplify(gap.subs(best, value)) for gap in BETTER for value in (size, -size))),
        claim.holds("improvement/positive", "For a positive best `magnitude` and `signed` are the same.",
                    TORCH, "substitution", (MAGNITUDE.subs(best, size), SIGNED.subs(best, size))),
        claim.holds("improvement/signed",
                "With `signed` a worse metric can count as better than a negative best.",
                    TORCH, "the bound lies above it by tau·|best|", (SIGNED.subs(best, -size) + size,
                            tau * size)),
        Claim("range", "A decay never passes the lowest learning rate, and never raises.", TORCH,
              "the sign of both distances, the factor written 1/(1 + v)", nonnegative=lambda: (
                  sp.Max(previous * factor - lowest, 0), previous - previous / (1 + size))),
    ),
)  # fmt: skip
