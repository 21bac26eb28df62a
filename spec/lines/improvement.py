"""When a metric is an improvement: what must be passed, and what is claimed of it."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import FormulaClaim, Option
from spec.rule import UNIT, Assignment
from spec.schedule import Setting

metric, best, best_t, bound = sp.symbols("a b b_t c", real=True)
tau = sp.Symbol("tau", nonnegative=True)
THRESHOLD = Setting(tau, "threshold", 1e-4, UNIT, "what an improvement must exceed")
OPTIONS = (
    Option("mode", {"min": "smaller is better", "max": "larger is better"}),
    Option("threshold_mode", {"rel": "a share of the best metric", "abs": "an amount"}),
    Option(
        "share",
        {
            "magnitude": "of |best|, so that an improvement is always better than the best",
            "signed": "of best itself, whatever its sign: torch, timm, transformers",
        },
    ),
)


def must_pass(mode: str, threshold_mode: str, share: str) -> sp.Expr:
    """Return what a metric must pass to be an improvement."""
    away = -tau if mode == "min" else tau
    if threshold_mode == "abs":
        return best + away
    return best * (1 + away * (sp.sign(best) if share == "magnitude" else 1))


def passing(mode: str, threshold_mode: str, share: str) -> Assignment:
    """Return the line that computes what must be passed."""
    return Assignment("what must be passed", bound, must_pass(mode, threshold_mode, share))


def improves(mode: str) -> tuple[sp.Basic, sp.Expr]:
    """Return when the metric is an improvement, and the best one before the first."""
    return (metric < bound, sp.oo) if mode == "min" else (metric > bound, -sp.oo)


size = sp.Symbol("v", nonnegative=True)
MAGNITUDE, SIGNED = (must_pass("min", "rel", share) for share in ("magnitude", "signed"))
BETTER = [best - MAGNITUDE, best - must_pass("min", "abs", "magnitude")]
SOURCE = "torch.optim.lr_scheduler.ReduceLROnPlateau"
CLAIMS = (
    FormulaClaim(
        "improvement/better",
        "With `magnitude` and `abs` an improvement is never worse than the best.",
        SOURCE,
        "the sign of best - bound for `min`; `max` is its mirror",
        nonnegative=lambda: tuple(sp.simplify(gap.subs(best, value)) for gap in BETTER for value in (size, -size)),
    ),
    claim.substituted(
        "improvement/positive",
        "For a positive best `magnitude` and `signed` are the same.",
        SOURCE,
        (MAGNITUDE.subs(best, size), SIGNED.subs(best, size)),
    ),
    claim.holds(
        "improvement/signed",
        "With `signed` a worse metric can count as better than a negative best.",
        SOURCE,
        "the bound lies above it by tau·|best|",
        (SIGNED.subs(best, -size) + size, tau * size),
    ),
)
