"""Steps enclosed by compiled code."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np

from reference.compiled.judged import JudgedValues
from reference.compiled.task import Task, exponents, optional_forms, optional_lines
from reference.formats import FLOAT64, FORMATS, Array
from reference.intervals.interval import Interval

_NUMBER = np.dtype([("lo", FLOAT64.work), ("hi", FLOAT64.work), ("nan", np.int64), ("both", np.int64)])
_POINTER = ctypes.c_void_p
_COUNT = ctypes.c_int64
_STORED = {FORMATS[name].dtype: place for place, name in enumerate(("float64", "float32", "float16", "bfloat16"), 1)}
"""How arrays stand in memory, as the code names it; 0 is the working type."""


class CompiledStep:
    """The compiled code of a task."""

    def __init__(self, task: Task, library: ctypes.PyDLL) -> None:
        self.task, self.step = task, library.step
        self.step.restype = None
        self.step.argtypes = [_COUNT, *[_POINTER] * 6, _COUNT, *[_POINTER] * 7]
        self.quantities = [(q.symbol.name, q.scalar) for q in task.program.rule.quantities]
        self.exponents, self.forms = exponents(task.program), optional_forms(task.program)
        self.lines = optional_lines(task.program)
        self.inputs, self.numbers, self.scalars = task.inputs, task.numbers, task.scalars

    def __call__(
        self,
        given: Mapping[str, float],
        kept: Mapping[str, Interval],
        before: Mapping[str, Interval | Array],
        after: Mapping[str, Array],
        shown: int,
    ) -> JudgedValues | None:
        """Enclose a step and compare ``after`` with it; ``shown`` is how many elements are returned.

        Arrays are flat.  Returns None where the formula has no value.
        """
        chosen = self._chosen(given)
        if chosen is None:
            return None
        work, count = self.task.storage.work, len(self.quantities)
        alive: list[Array] = []
        size, inputs, read = self._inputs(before, alive)
        shown = min(shown, size)
        real = np.empty((count, 3, shown), work)
        flags = np.empty((count, 2, shown), np.bool_)
        out, ratios = self._written_to(real, flags)
        stored, kinds, compared = self._compared_with(after, alive)
        numbers = np.zeros(count, _NUMBER)
        counts = np.zeros(2 * count + 1, np.int64)
        start = (
            np.array([_number(kept[state.symbol.name]) for state in self.numbers], _NUMBER) if self.numbers else counts
        )
        scalars = (ctypes.c_double * len(self.scalars))(*(given[name] for name in self.scalars))
        self.step(
            size,
            scalars,
            chosen[0],
            chosen[1],
            _at(start),
            (_POINTER * len(inputs))(*inputs),
            bytes(read),
            shown,
            (_POINTER * (4 * count))(*out),
            (_POINTER * count)(*ratios),
            _at(numbers),
            (_POINTER * count)(*stored),
            bytes(kinds),
            _at(counts),
            _at(counts) + 16 * count,
        )
        return self._judged(real, flags, numbers, counts.tolist(), compared)

    def _written_to(self, real: Array, flags: Array) -> tuple[list[int], list[int]]:
        """Return where the ends, the flags and the ratios of every quantity are written."""
        first, row, flag, flag_row = _at(real), real.strides[1], _at(flags), flags.strides[1]
        out, ratios = [], []
        for place in range(len(self.quantities)):
            base, mark = first + 3 * place * row, flag + 2 * place * flag_row
            out += [base, base + row, mark, mark + flag_row]
            ratios.append(0 if self._uncertain else base + 2 * row)
        return out, ratios

    def _compared_with(self, after: Mapping[str, Array], alive: list[Array]) -> tuple[list[int], list[int], list[int]]:
        """Return where the values returned are, in which format, and the quantities that have any.

        What is read there is kept in ``alive``.
        """
        stored, kinds, compared = [], [], []
        for place, (name, _) in enumerate(self.quantities):
            if name in after:
                alive.append(self._stored(after[name]))
                compared.append(place)
            stored.append(_at(alive[-1]) if name in after else 0)
            kinds.append(_STORED.get(alive[-1].dtype, 0) if name in after else 0)
        return stored, kinds, compared

    @property
    def _uncertain(self) -> bool:
        return len(self.task.points) < len(self.inputs)

    def _chosen(self, given: Mapping[str, float]) -> tuple[Any, Any] | None:
        """Return exponents, and which optional forms are legal; None where the formula has no value."""
        try:
            powers = [int(node.exponent_of(**given)) for node in self.exponents]  # type: ignore[misc]
            applies = [bool(form.applies(**given)) for form in self.forms]  # type: ignore[operator]
        except ArithmeticError:
            return None
        if not all(any(applies[place] for place in places) for places in self.lines):
            return None
        return (ctypes.c_int64 * len(powers))(*powers), (ctypes.c_uint8 * len(applies))(*applies)

    def _judged(
        self, real: Array, flags: Array, numbers: Array, counts: list[int], compared: list[int]
    ) -> JudgedValues:
        legal, outside = {}, {}
        shown = real.shape[2]
        marked = np.asarray(flags.any(axis=2))
        for place, (name, scalar) in enumerate(self.quantities):
            if scalar:
                legal[name] = _interval(numbers[place])
            elif shown:
                nan, both = (flags[place, part] if marked[place, part] else False for part in range(2))
                legal[name] = Interval(real[place, 0], real[place, 1], nan, both)
            if counts[2 * place]:
                outside[name] = (counts[2 * place], counts[2 * place + 1])
        ratios = np.zeros(0) if self._uncertain else real[compared, 2].reshape(-1)
        return JudgedValues(legal, ratios, outside, counts[-1])

    def _stored(self, value: Array) -> Array:
        """Return a flat array as the code reads it."""
        return np.ascontiguousarray(value, None if value.dtype in _STORED else self.task.storage.work)

    def _inputs(self, before: Mapping[str, Interval | Array], alive: list[Array]) -> tuple[int, list[int], list[int]]:
        """Return the number of elements, the addresses of the tensors and how each is stored."""
        work = self.task.storage.work
        addresses, stored = [], []
        for name in self.inputs:
            value = before[name]
            parts: list[Array]
            if isinstance(value, Interval) and name not in self.task.points:
                flags = [-np.broadcast_to(flag, value.lo.shape).astype(np.int64) for flag in value.flags]
                parts = [np.ascontiguousarray(value.lo, work), np.ascontiguousarray(value.hi, work), *flags]
            else:
                parts = [self._stored(value.lo if isinstance(value, Interval) else value)]
            alive += parts
            addresses += [*(_at(part) for part in parts), 0, 0, 0][:4]
            stored.append(_STORED.get(parts[0].dtype, 0))
        return alive[0].size, addresses, stored


def _at(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _number(value: Interval) -> tuple[Any, Any, int, int]:
    return value.lo[()], value.hi[()], -int(bool(value.nan)), -int(bool(value.both))


def _interval(number: Any) -> Interval:
    lo, hi = np.asarray(number["lo"]), np.asarray(number["hi"])
    return Interval(lo, hi, bool(number["nan"]), bool(number["both"]))
