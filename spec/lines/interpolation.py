"""Ways from one value to the next: straight lines and half cosines, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import sympy as sp

from spec.family import Option
from spec.schedule import t

ANNEAL = Option(
    "anneal", {"cos": "half cosines: torch's default, fastai, optax", "linear": "straight lines: Smith 2018, optax"}
)


def annealed(start: sp.Expr, end: sp.Expr, done: sp.Expr, anneal: str) -> sp.Expr:
    """Return the way from ``start`` to ``end`` of which the share ``done`` lies behind."""
    if anneal == "cos":
        return end + (start - end) * (1 + sp.cos(sp.pi * done)) / 2
    return start + (end - start) * done


def course(values: Sequence[sp.Expr], ends: Sequence[sp.Expr], anneal: str, *, held: bool) -> sp.Expr:
    """Return the ways between ``values``, which end at ``ends``.

    ``held`` after the last, a place belongs to the way that starts there; else to the one that ends there.
    """
    pieces = []
    for (start, end), (begin, until) in zip(pairwise(values), pairwise([sp.S.Zero, *ends]), strict=True):
        way = annealed(start, end, (t - begin) / (until - begin), anneal)
        pieces.append((way, t < until if held else t <= until))
    last = values[-1] if held else pieces.pop()[0]
    return sp.Piecewise(*pieces, (last, True))
