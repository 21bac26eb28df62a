"""The elements of a case: a seeded lattice of magnitudes and special places.

Hypothesis draws the seed, the regime and the scalars; this expands them into thousands of
elements, so that one example carries thousands of element-cases.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import numpy as np

from conformance.optimizers.breakpoints import ties
from conformance.optimizers.cases import TensorCase
from conformance.optimizers.curvature_pairs import follow
from reference.expression import decided
from reference.formats import Array, Format
from spec.rule import COLUMN, ELEMENT, ROW, State, UpdateRule
from spec.symbols import g

REGIMES = ("ordinary", "wide", "extreme")
"""Usual magnitudes; those whose squares are representable; the whole range of the format."""
CONSTANT, STILL = "constant", "still"
"""Regimes of properties: the same gradient at every step; no gradient at all."""


def expand(
    tensor: TensorCase, rule: UpdateRule, storage: Format, hyperparameters: Mapping[str, float], steps: int = 1
) -> tuple[dict[str, Array], list[Array]]:
    """Return parameter and states by symbol, and the gradient of each step, flat, as stored.

    A tensor that has made no step has the initial state of the rule.
    """
    if tensor.values is not None:
        return _given(tensor.values, rule, storage, steps)
    generator = np.random.Generator(np.random.PCG64(tensor.seed))
    lattice = _Lattice(generator, tensor, storage, hyperparameters, whole=not rule.elementwise)
    with np.errstate(over="ignore", under="ignore"):
        gradients = lattice.gradients(steps)
        values = {rule.parameter.symbol.name: lattice.parameter()}
        for state in rule.states:
            values[state.symbol.name] = lattice.for_state(state, tensor).state(
                state, together(state, tensor, gradients[0])
            )
            if tensor.count == 0:
                start = float(decided(state.initial)(**hyperparameters))
                values[state.symbol.name] = np.full(math.prod(state.shape(tensor.shape)), start)
        if tensor.count:
            follow(rule, values, gradients[0], generator)
            lattice.move_to_ties(rule, values, {**hyperparameters, "t": tensor.count + 1.0}, gradients[0])
        for state in rule.states:
            if state.least is not None and tensor.count:
                name = state.symbol.name
                values[name] = np.maximum(values[name], decided(state.least)(**values))
    stored = {name: _stored(rule, name, value, storage) for name, value in values.items()}
    return stored, [_store(gradient, storage) for gradient in gradients]


def together(state: State, tensor: TensorCase, gradient: Array) -> Array:
    """Return one gradient for each number of a state: of several elements the root mean square."""
    if state.per == ELEMENT:
        return gradient
    axis = {ROW: -1, COLUMN: -2}.get(state.per)
    means: Array = np.sqrt(np.mean(gradient.reshape(tensor.shape) ** 2, axis=axis))
    return means.reshape(-1)


def _stored(rule: UpdateRule, name: str, value: Array, storage: Format) -> Array:
    """Return an array as its tensor holds it; a number for a whole tensor fits into any float32."""
    if any(state.scalar for state in rule.states if state.symbol.name == name):
        return value.astype(np.float32).astype(np.float64)
    return _store(value, storage)


def _given(
    given: Mapping[str, tuple[float, ...]], rule: UpdateRule, storage: Format, steps: int
) -> tuple[dict[str, Array], list[Array]]:
    values = {
        quantity.symbol.name: _stored(rule, quantity.symbol.name, np.array(given[quantity.symbol.name]), storage)
        for quantity in rule.quantities
    }
    rows = np.array(given[g.name]).reshape(steps, -1)
    return values, [_store(row, storage) for row in rows]


def _store(value: Array, storage: Format) -> Array:
    bounded = np.clip(value, -storage.largest, storage.largest)
    with np.errstate(under="ignore"):
        return storage.stored(bounded)


class _Lattice:
    """Draws the arrays of one tensor."""

    def __init__(
        self,
        generator: np.random.Generator,
        tensor: TensorCase,
        storage: Format,
        hyperparameters: Mapping[str, float],
        *,
        whole: bool,
    ) -> None:
        self.generator, self.storage = generator, storage
        self.size = tensor.elements
        self.regime = tensor.regime
        low = storage.minimum_exponent
        high = int(np.log2(storage.largest))
        # Where elements are summed the sum of their squares is to be representable.
        summed = (tensor.elements.bit_length() + 1) // 2 if whole else 0
        self.exponents = {
            "ordinary": (max(-20, low), min(4, high)),
            "wide": (low // 2 + 1, high // 2 - 1 - summed),
            "extreme": (low - storage.precision + 1, high),
        }.get(tensor.regime, (max(-20, low), min(4, high)))
        places = [abs(value) for value in hyperparameters.values() if value not in (0.0, 1.0)]
        self.places = np.array(places or [1.0])

    def for_state(self, state: State, tensor: TensorCase) -> _Lattice:
        """Return a lattice with as many elements as a state has, from the same generator."""
        other = copy.copy(self)
        other.size = 1 if state.scalar else math.prod(state.shape(tensor.shape))
        return other

    def gradients(self, steps: int) -> list[Array]:
        """Draw the gradient of every step."""
        if self.regime == STILL:
            return [np.zeros(self.size)] * steps
        if self.regime == CONSTANT:
            return [self.gradient()] * steps
        return [self.gradient() for _ in range(steps)]

    def gradient(self) -> Array:
        """Draw gradients, some at the magnitude of a hyperparameter, some zero."""
        return self._around_places(8, 32)

    def parameter(self) -> Array:
        """Draw parameters: a quarter is zero, so that the update stands alone."""
        return self._around_places(4, 4)

    def _around_places(self, placed: int, zeros: int) -> Array:
        """Draw numbers, one in ``placed`` at the magnitude of a hyperparameter, one in ``zeros`` zero."""
        value = self._magnitudes(*self.exponents)
        place = self.places.take(self.generator.integers(0, self.places.size, self.size))
        chosen = self._chance(placed)
        place *= self._magnitudes(-4, 4)
        np.copyto(value, place, where=chosen)
        return self._signed(self._zeros(value, zeros))

    def state(self, state: State, gradient: Array) -> Array:
        """Draw a state near the power of the gradient with which it scales."""
        if state.scalar:  # a product of decay rates, say
            return self.generator.uniform(0.0, 1.0, 1)
        low, high = (-24, 24) if self.regime == "extreme" else (-8, 8)
        with np.errstate(divide="ignore"):
            near = np.minimum(np.abs(gradient) ** state.degree, self.storage.largest)
        value = self._magnitudes(low, high)
        value *= near
        np.copyto(value, near, where=self._chance(16))
        if self.regime == "extreme":
            chosen = self._chance(4)
            np.copyto(value, self._magnitudes(*self.exponents), where=chosen)
        value = self._zeros(value, 32)
        return value if state.symbol.is_nonnegative else self._signed(value)

    def move_to_ties(
        self, rule: UpdateRule, values: dict[str, Array], scalars: Mapping[str, float], gradient: Array
    ) -> None:
        """Move one state in sixteen next to where a switch turns, on either side of it."""
        for tie in ties(rule):
            chosen = self._chance(16)
            near = 1.0 + self._signed(np.ldexp(1.0, -self.generator.integers(4, 26, self.size)))
            with np.errstate(all="ignore"):
                place = tie.value({**scalars, **values, g.name: gradient}) * near
            legal = np.isfinite(place) & (np.abs(place) <= self.storage.largest)
            if tie.nonnegative:
                legal &= place >= 0.0
            values[tie.symbol] = np.where(chosen & legal, place, values[tie.symbol])

    def _magnitudes(self, low: int, high: int) -> Array:
        """Draw magnitudes spread evenly over exponents; an eighth are powers of two."""
        bits = self.generator.bit_generator.random_raw(self.size)
        bits >>= np.uint64(12)  # what the generator returns below 2**52, with less ado
        np.copyto(bits, np.uint64(0), where=self._chance(8))
        exponents = self.generator.integers(low + 1023, high + 1023, self.size, dtype=np.int64)
        if low + 1023 > 0:  # normal numbers: the drawn exponent is that of the format
            bits |= np.left_shift(exponents, 52, out=exponents).view(np.uint64)
            return bits.view(np.float64)
        mantissas = (bits | np.uint64(1023 << 52)).view(np.float64)
        return np.ldexp(mantissas, exponents - 1023)

    def _zeros(self, value: Array, one_in: int) -> Array:
        """Make some of the values zero."""
        np.copyto(value, 0.0, where=self._chance(one_in))
        return value

    def _signed(self, value: Array) -> Array:
        """Make half of the values negative."""
        sign = self._chance(2).astype(np.uint64)
        value.view(np.uint64)[...] ^= np.left_shift(sign, np.uint64(63), out=sign)
        return value

    def _chance(self, one_in: int) -> Array:
        """Tell for each place whether it is one in a power of two: of its bytes, as the generator draws them."""
        words = self.generator.integers(0, 1 << 32, (self.size + 3) // 4, dtype=np.uint32)
        drawn: Array = words.astype("<u4", copy=False).view(np.uint8)[: self.size] < 256 // one_in
        return drawn
