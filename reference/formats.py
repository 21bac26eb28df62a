"""The floating-point formats under test and the wider arithmetic that encloses them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Format:
    """A binary format: its NumPy type, its precision in bits and the type of end points.

    ``work`` is float64 for the narrower formats and the platform's long double for float64: on Linux
    on x86-64, the platform that is supported and tested, the 80-bit format.  Where long double is
    float64, as on macOS and Windows, enclosures of float64 are about two units wider, and nothing holds
    where the ends themselves underflow or overflow in it.
    """

    name: str
    dtype: np.dtype[Any]
    precision: int
    minimum_exponent: int
    work: np.dtype[Any]

    @functools.cached_property
    def unit_roundoff(self) -> float:
        """u, half the distance from 1 to the next number."""
        return float(2.0**-self.precision)

    @functools.cached_property
    def smallest_normal(self) -> float:
        """The smallest positive number with full precision."""
        return float(np.ldexp(1.0, self.minimum_exponent))

    @functools.cached_property
    def smallest_subnormal(self) -> float:
        """The smallest positive number."""
        return float(np.ldexp(1.0, self.minimum_exponent - self.precision + 1))

    @functools.cached_property
    def largest(self) -> float:
        """The largest finite number."""
        return float(ml_dtypes.finfo(self.dtype).max)  # type: ignore[no-untyped-call]

    @functools.cached_property
    def slack(self) -> float:
        """Twice the error, relative, of one operation and one widening in ``work``."""
        return float(2.0 ** -(np.finfo(self.work).nmant - 1))

    def stored(self, value: Array) -> Array:
        """Round an array to this format, to nearest even, and return it in its own type.

        What is wider than float32 becomes bfloat16 by way of that, as torch does: releases of
        ml_dtypes do one or the other.
        """
        by_way = self.dtype.kind == "V" and value.dtype.itemsize > _SINGLE.itemsize
        return (value.astype(_SINGLE) if by_way else value).astype(self.dtype)

    def nearest(self, value: Array) -> Array:
        """Round an array of ``work`` to this format, to nearest even, and return it in ``work``."""
        return self.stored(value).astype(self.work)


_WIDE = np.dtype(np.longdouble)
_DOUBLE = np.dtype(np.float64)
_SINGLE = np.dtype(np.float32)

FLOAT64 = Format("float64", np.dtype(np.float64), 53, -1022, _WIDE)
FLOAT32 = Format("float32", _SINGLE, 24, -126, _DOUBLE)
FLOAT16 = Format("float16", np.dtype(np.float16), 11, -14, _DOUBLE)
BFLOAT16 = Format("bfloat16", np.dtype(ml_dtypes.bfloat16), 8, -126, _DOUBLE)

FORMATS: dict[str, Format] = {item.name: item for item in (FLOAT64, FLOAT32, FLOAT16, BFLOAT16)}
