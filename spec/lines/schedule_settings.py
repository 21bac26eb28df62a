"""Settings that several schedules have, and kinds of them: lengths, learning rates, powers, counts."""

from __future__ import annotations

import sympy as sp

from spec.rule import ABOVE_ONE, NONNEGATIVE, POSITIVE, Domain
from spec.schedule import Setting, base, gamma, lowest

COUNT, COUNTED = Domain(1, 10**6), Domain(0, 10**6)
"""A number of steps, and one of metrics."""


def steps(
    symbol: sp.Symbol,
    keyword: str,
    default: int,
    meaning: str,
    shown: int | None = None,
    *,
    domain: Domain = COUNT,
    limits: tuple[int, ...] = (0, 1),
    lasting: int | None = None,
) -> Setting:
    """Return a number of steps."""
    return Setting(symbol, keyword, default, domain, meaning, limits=limits, shown=shown, lasting=lasting)


def rate(symbol: sp.Symbol, keyword: str, default: float, meaning: str) -> Setting:
    """Return a learning rate."""
    usual, between = (1.0, 0.5, 0.1, 0.003), (2.0**-20, 8.0)
    return Setting(symbol, keyword, default, NONNEGATIVE, meaning, usual, between)


def least(
    symbol: sp.Symbol,
    keyword: str,
    default: float,
    meaning: str,
    shown: float | None = None,
    *,
    edges: tuple[float, ...] = (),
    below: str = "",
) -> Setting:
    """Return the lowest of something: zero, or small."""
    usual, between = (0.0,), (2.0**-30, 0.05)
    return Setting(
        symbol, keyword, default, NONNEGATIVE, meaning, usual, between, edges=edges, shown=shown, below=below
    )


def exponent(symbol: sp.Symbol, keyword: str, default: float, meaning: str, shown: float | None = None) -> Setting:
    """Return a power."""
    return Setting(symbol, keyword, default, POSITIVE, meaning, (1.0, 2.0, 0.5), (0.3, 4.0), shown=shown)


def quotient(symbol: sp.Symbol, keyword: str, default: float, meaning: str) -> Setting:
    """Return how many times one learning rate is another."""
    return Setting(symbol, keyword, default, ABOVE_ONE, meaning, (4.0, 25.0, 1e4), (1.5, 1e4))


def metrics(symbol: sp.Symbol, keyword: str, default: int, meaning: str, shown: int) -> Setting:
    """Return a number of metrics that may pass."""
    return Setting(symbol, keyword, default, COUNTED, meaning, (1, 0, 2, 0, 3), shown=shown)


def decay(default: float, shown: float, lasting: float | None = None) -> Setting:
    """Return gamma, the factor of a decay."""
    domain, meaning = Domain(0.0, 1.0, low_open=True), "factor of a decay"
    return Setting(gamma, "gamma", default, domain, meaning, edges=(0.0, 1.0), shown=shown, lasting=lasting)


BASE = Setting(base, "lr", 0.1, NONNEGATIVE, "learning rate of the optimizer")
LOWEST = least(lowest, "eta_min", 0.0, "learning rate at the end", 0.005, edges=(0.0, 1.0), below="lr")
GAMMA = decay(0.1, 0.5, 0.9)
"""Gamma of a schedule that decays now and then."""
