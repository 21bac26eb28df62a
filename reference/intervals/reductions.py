"""Norms, means, dot products and matrix products of arrays, in the type of the array."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from reference.formats import Array

Axes: TypeAlias = "int | tuple[int, ...] | None"
AXES: dict[str, Axes] = {"": None, "row ": -1, "column ": -2}


def exact(kind: str, operands: list[Array]) -> Array:
    """Return a reduction or a product in the type of its operands."""
    first = np.asarray(operands[0])
    if kind == "dot":
        products = first * operands[1]
        return np.asarray(np.sum(products, keepdims=True))
    if first.ndim == 0 and kind != "matrix product":  # one element, or the same one everywhere
        return np.ones_like(first) if kind in COUNTS else np.abs(first) if "norm" in kind else first
    if kind == "matrix product":
        return np.asarray(first @ operands[1])
    if kind == "shaped as":
        return np.swapaxes(first, -1, -2) if first.shape != np.shape(operands[1]) else first
    if kind == "wide" and first.shape[-2] <= first.shape[-1]:
        return first
    if kind in {"transposed", "wide"}:
        return np.swapaxes(first, -1, -2)
    if kind in COUNTS:
        return np.asarray(COUNTS[kind](first), first.dtype)
    axes = AXES[kind[:-4]]
    if kind.endswith("norm"):
        return np.asarray(np.sqrt(np.sum(first**2, axis=axes, keepdims=True)))
    return np.asarray(np.mean(first, axis=axes, keepdims=True))


COUNTS: dict[str, Callable[[Array], int]] = {
    "count": lambda x: x.size,
    "width": lambda x: x.shape[-1],
    "height": lambda x: x.shape[-2],
}
