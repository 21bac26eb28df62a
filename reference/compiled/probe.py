"""Compiled code held against the walk: the same ends and flags, to the bit, before it is used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.compiled.judged import JudgedValues
from reference.compiled.task import Task
from reference.formats import Array
from reference.intervals.interval import Interval

PART = 256
"""Elements of one sort: usual ones, those whose squares are representable, all that there are, and special ones."""
SIZE = 4 * PART


def tensors(task: Task) -> dict[str, Interval | Array]:
    """Return tensors of every magnitude on which code of a task is tried; those not known exactly as intervals."""
    generator = np.random.Generator(np.random.PCG64(0))
    positive = {q.symbol.name for q in task.program.rule.quantities if q.symbol.is_nonnegative}
    found: dict[str, Interval | Array] = {}
    with np.errstate(all="ignore"):
        for name in task.inputs:
            values = _values(generator, task)
            stored = task.storage.stored(np.abs(values) if name in positive else values)
            found[name] = stored
            if name not in task.points:
                wide = stored.astype(task.storage.work)
                found[name] = Interval(wide, wide + np.abs(wide) * generator.random(SIZE) * 2.0**-18)
    return found


def _values(generator: np.random.Generator, task: Task) -> Array:
    low, high = task.storage.minimum_exponent, int(np.log2(task.storage.largest))
    usual = (max(-20, low), min(4, high))
    ranges = (usual, (low // 2 + 1, high // 2 - 1), (low - task.storage.precision + 1, high), usual)
    exponents = np.concatenate([generator.integers(*ends, PART) for ends in ranges])
    values: Array = np.ldexp(1.0 + generator.random(SIZE), exponents) * generator.choice([-1.0, 1.0], SIZE)
    values[::11] = 0.0
    for special in (np.inf, -np.inf, np.nan):
        values[3 * PART + generator.integers(PART, size=5)] = special
    return values


def compared(walked: JudgedValues, compiled: JudgedValues) -> tuple[int, int]:
    """Return how many ends, flags, ratios and counts were compared of one step, and how many differ."""
    finite = [np.where(np.isfinite(found.ratios), found.ratios, np.nan) for found in (walked, compiled)]
    found = [_same(*finite)]
    found.append(np.array([walked.outside == compiled.outside, walked.undecided == compiled.undecided]))
    found += _same_legal(walked.legal, compiled.legal)
    return sum(item.size for item in found), sum(int(np.count_nonzero(~item)) for item in found)


def _same_legal(walked: Mapping[str, Interval], compiled: Mapping[str, Interval]) -> list[Array]:
    found = []
    for name, legal in walked.items():
        other = compiled[name]
        found += [_same(legal.lo, other.lo), _same(legal.hi, other.hi)]
        found += [_flag(legal, a) == _flag(legal, b) for a, b in zip(legal.flags, other.flags, strict=True)]
    return found


def _same(a: Array, b: Array) -> Array:
    """Tell where two arrays of one type hold the same number; of zeros whatever their signs."""
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _flag(of: Interval, flag: Array | bool) -> Array:
    return np.broadcast_to(flag, of.lo.shape)
