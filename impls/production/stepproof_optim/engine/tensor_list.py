"""Tensors that are computed on together, by torch's operations on lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from .arrays import quotient

Operand: TypeAlias = Any


class TensorList:
    """Tensors of one device and dtype, on which an operation is one call for all.

    An operand beside them is a list of as many tensors, or a number or a Tensor without dimensions, for all.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.tensors = list(tensors)

    def _with(self, operation: Callable[..., Any], other: Operand) -> TensorList:
        return TensorList(operation(self.tensors, other.tensors if isinstance(other, TensorList) else other))

    def __add__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_add, other)

    def __radd__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_add, other)

    def __sub__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_sub, other)

    def __rsub__(self, other: Operand) -> TensorList:
        return (-self)._with(torch._foreach_add, other)

    def __mul__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_mul, other)

    def __rmul__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_mul, other)

    def __truediv__(self, other: Operand) -> TensorList:
        return self._with(torch._foreach_div, other)

    def __rtruediv__(self, other: Operand) -> TensorList:
        return TensorList([quotient(other, tensor) for tensor in self.tensors])

    def __neg__(self) -> TensorList:
        return TensorList(torch._foreach_neg(self.tensors))

    def sqrt(self) -> TensorList:
        """Return the roots."""
        return TensorList(torch._foreach_sqrt(self.tensors))

    def abs(self) -> TensorList:
        """Return the sizes."""
        return TensorList(torch._foreach_abs(self.tensors))

    def sign(self) -> TensorList:
        """Return -1, 0 or 1 for each element, and NaN for a NaN."""
        return TensorList([torch.where(tensor.isnan(), tensor, tensor.sign()) for tensor in self.tensors])

    def maximum(self, other: TensorList) -> TensorList:
        """Return the larger of two elements."""
        return self._with(torch._foreach_maximum, other)

    def minimum(self, other: TensorList) -> TensorList:
        """Return the smaller of two elements."""
        return self._with(torch._foreach_minimum, other)

    def clamp(self, *, min: Operand = None, max: Operand = None) -> TensorList:  # noqa: A002 - torch's names
        """Return elements that are not below or not above a number."""
        low = self if min is None else self._with(torch._foreach_clamp_min, min)
        return low if max is None else low._with(torch._foreach_clamp_max, max)

    def write_to(self, tensors: list[torch.Tensor]) -> None:
        """Overwrite others with these, rounded to their dtype."""
        torch._foreach_copy_(tensors, self.tensors)
