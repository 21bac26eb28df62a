"""The roundings and arithmetics that a profile stands for, for tensors of a format."""

from __future__ import annotations

import dataclasses

import numpy as np

from reference.formats import FLOAT32, FLOAT64, FORMATS, Format
from reference.intervals.interval import Interval, IntervalArithmetic, Rounding
from reference.intervals.summation import TensorArithmetic
from reference.profile import COMPUTE, EITHER, HOST_UNITS, UNITS, Profile, compute_format, flushes


def tensor_rounding(profile: Profile, storage: Format) -> Rounding:
    """Return how the result of one tensor operation is rounded."""
    compute = compute_format(storage)
    if profile.intermediate == COMPUTE or compute == storage:
        return Rounding(compute, (), profile.contraction, profile.flush)
    return Rounding(storage, (compute,), profile.contraction, flushes(profile, storage))


def operand(profile: Profile, storage: Format, value: Interval) -> Interval:
    """Return a tensor of ``storage`` as an operation reads it: subnormals may count as zero."""
    if not flushes(profile, storage):
        return value
    normal = storage.smallest_normal
    tiny = (np.abs(value.lo) < normal) | (np.abs(value.hi) < normal)
    if not (tiny & ((value.lo > 0.0) | (value.hi < 0.0))).any():
        return value
    lo = np.where((value.lo > 0.0) & (value.lo < normal), 0.0, value.lo)
    hi = np.where((value.hi < 0.0) & (value.hi > -normal), 0.0, value.hi)
    return Interval(lo, hi, *value.flags)


def store_rounding(profile: Profile, storage: Format) -> Rounding:
    """Return how a result is rounded when it is stored."""
    compute = compute_format(storage)
    through = () if compute == storage else (compute,)
    either = profile.stored == EITHER and compute != storage
    return Rounding(storage, through, keep_exact=False, flush=flushes(profile, storage), either=either)


def coefficient_rounding(profile: Profile, storage: Format) -> Rounding:
    """Return how a scalar is rounded where it meets a tensor."""
    compute = compute_format(storage)
    if profile.coefficient == COMPUTE or compute == storage:
        return Rounding(compute)
    return Rounding(storage, (compute,))


def scalar_rounding(profile: Profile) -> Rounding:
    """Return how the result of one operation on host scalars is rounded."""
    return Rounding(dataclasses.replace(FORMATS[profile.scalar], work=FLOAT64.work))


def single_rounding() -> Rounding:
    """Return how the result of one operation on scalars that are float32 tensors is rounded."""
    return Rounding(dataclasses.replace(FLOAT32, work=FLOAT64.work), keep_exact=False)


def tensor_units(profile: Profile) -> dict[str, float]:
    """Return the errors of operations on tensors, in units in the last place."""
    return {**UNITS, **profile.units}


def scalar_units(profile: Profile) -> dict[str, float]:
    """Return the errors of operations on host scalars, in units in the last place."""
    return {**(HOST_UNITS if FORMATS[profile.scalar] == FLOAT64 else UNITS), **profile.units}


def single_units(profile: Profile) -> dict[str, float]:
    """Return the errors of operations on scalars that are float32 tensors, in units in the last place."""
    return {**UNITS, **profile.units}


def tensor_arithmetic(profile: Profile, storage: Format) -> IntervalArithmetic:
    """Return interval arithmetic for tensors of ``storage``."""
    return TensorArithmetic(tensor_rounding(profile, storage), tensor_units(profile))


def scalar_arithmetic(profile: Profile) -> IntervalArithmetic:
    """Return interval arithmetic for host scalars."""
    return IntervalArithmetic(scalar_rounding(profile), scalar_units(profile))


def single_arithmetic(profile: Profile) -> IntervalArithmetic:
    """Return interval arithmetic for scalars that are float32 tensors."""
    return IntervalArithmetic(single_rounding(), single_units(profile))
