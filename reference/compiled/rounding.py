"""Roundings of whole arrays in one pass of compiled code, for what is walked."""

from __future__ import annotations

import ctypes
import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.compiled import toolchain
from reference.compiled.emission import rounding_members
from reference.compiled.step_source import operations, resource
from reference.formats import FLOAT32, FORMATS, Array
from reference.intervals.enclosure import StepEnclosure
from reference.intervals.interval import Flag, Interval, Rounding
from reference.profile import compute_format

NUMBERS = {name: number for number, name in enumerate(("float64", "float32", "float16", "bfloat16"))}
"""The formats, as the code numbers them."""
HEAD = object.__basicsize__
"""Bytes of an object before what is its own."""


class _How(ctypes.Structure):
    """A rounding as the code reads it."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("target", "through", "keep_exact", "either", "flush")),
        *((name, ctypes.c_double) for name in ("half", "room", "normal")),
    )


@dataclass(frozen=True)
class CompiledRounding(Rounding):
    """A rounding of which whole arrays are rounded by the code of a ``library``, to the same bits."""

    library: ctypes.PyDLL | None = None

    @functools.cached_property
    def _code(self) -> tuple[Any, Any, float]:
        """The function that rounds so, and what it is given."""
        marks, numbers = rounding_members(self)
        how = _How(NUMBERS[self.target.name], *marks, *numbers)
        name = "d_round" if self.target.work == FLOAT32.work else "l_round"
        return getattr(self.library, name), ctypes.byref(how), self.slack

    def __call__(self, lo: Array, hi: Array, flags: tuple[Flag, Flag] = (False, False), units: float = 0.5) -> Interval:
        """Return the enclosure of rounding exact results between ``lo`` and ``hi``."""
        work, shape = self.target.work, lo.shape
        if lo.dtype != work or hi.dtype != work or hi.shape != shape or not lo.size:
            return super().__call__(lo, hi, flags, units)
        function, how, slack = self._code
        if units > 0.5:
            slack += 2.0 * units * self.target.unit_roundoff
        made, ends = np.empty((2, *shape), work), np.empty(2)
        function(HEAD, lo.size, np.asarray(lo, order="C"), np.asarray(hi, order="C"), made, how, slack, ends)
        return Interval(made[0], made[1], *flags, ends=ends.tolist())


@functools.cache
def compiled(rounding: Rounding) -> Rounding:
    """Return the rounding by compiled code, or as it is where nothing can be compiled."""
    library = _library()
    return rounding if library is None else _by(rounding, library)


def _by(rounding: Rounding, library: ctypes.PyDLL) -> Rounding:
    own = (rounding.target, rounding.through, rounding.keep_exact, rounding.flush, rounding.either)
    return CompiledRounding(*own, library)


@functools.cache
def _library() -> ctypes.PyDLL | None:
    source = "\n".join([operations(), resource("rounding.c")])
    place = toolchain.place(source)
    if place is None:
        return None
    found = toolchain.load(place)
    if found is None and toolchain.build(place, source, lambda made: _agrees(_typed(made))):
        found = toolchain.load(place)
    return None if found is None else _typed(found)


def _typed(library: ctypes.PyDLL) -> ctypes.PyDLL:
    whole, array = ctypes.c_int64, ctypes.py_object
    for function in (library.d_round, library.l_round):
        function.restype = None
        function.argtypes = [whole, whole, array, array, array, ctypes.c_void_p, ctypes.c_double, array]
    return library


class QuickEnclosure(StepEnclosure):
    """An enclosure that is walked, with roundings by compiled code."""

    def rounded(self, rounding: Rounding) -> Rounding:
        """Return a rounding by compiled code."""
        return compiled(rounding)


def _agrees(library: ctypes.PyDLL) -> bool:
    """Tell whether arrays hold the address of their data where the code looks, and are rounded as it is defined."""
    values = _values()
    if ctypes.c_void_p.from_address(id(values) + HEAD).value != values.__array_interface__["data"][0]:
        return False
    marks = list(itertools.product((True, False), repeat=3))
    for target in FORMATS.values():
        for through in {(), (compute_format(target),)} - {(target,)}:
            for keep_exact, flush, either in marks:
                defined = Rounding(target, through, keep_exact, flush, either and through != ())
                if not _same(defined, _by(defined, library), values.astype(target.work)):
                    return False
    return True


def _values() -> Array:
    """Return numbers of every size that a format has, zeros, infinities and NaN."""
    generator = np.random.Generator(np.random.PCG64(0))
    exponents = np.concatenate([generator.integers(-1074, 1023, 2000), generator.integers(-150, 129, 2000)])
    sizes = np.ldexp(1.0 + generator.random(4000), exponents)
    values: Array = sizes * generator.choice([-1.0, 1.0], 4000)
    values[::97], values[1::101], values[2::103], values[3::107] = 0.0, np.inf, -np.inf, np.nan
    return values


def _same(defined: Rounding, made: Rounding, values: Array) -> bool:
    """Tell whether ends are rounded alike."""
    with np.errstate(all="ignore"):
        ends = values, np.where(np.isinf(values), values, values + np.abs(values) * 2.0**-20)
        for units in (0.5, 2.0):
            first, second = defined(*ends, units=units), made(*ends, units=units)
            pairs = [(getattr(first, name), getattr(second, name)) for name in ("lo", "hi", "least", "most")]
            if not all(np.array_equal(*pair, equal_nan=True) for pair in pairs):
                return False
    return True
