"""A rule's step written down as lines that are C and Python alike, by running it on names in place of arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Operand: TypeAlias = Any


@dataclass
class Trace:
    """The lines of a step in their order, and the numbers that it uses.

    The lines depend on nothing but which settings there are; the numbers are those of this step.
    """

    lines: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)

    def line(self, expression: str) -> Formula:
        """Return the name of what an expression gives."""
        self.lines.append(expression)
        return Formula(self, f"v{len(self.lines) - 1}")

    def named(self, operand: Operand) -> str:
        """Return the name of an operand, which for a number is a new one."""
        if isinstance(operand, Formula):
            return operand.name
        self.numbers.append(float(operand))
        return f"s{len(self.numbers) - 1}"


@dataclass(frozen=True, eq=False)
class Formula:
    """An array by its name in a trace: what is done with it is written there."""

    trace: Trace
    name: str

    def _with(self, form: str, other: Operand) -> Formula:
        return self.trace.line(form.format(self.name, self.trace.named(other)))

    def __add__(self, other: Operand) -> Formula:
        return self._with("{} + {}", other)

    def __radd__(self, other: Operand) -> Formula:
        return self._with("{1} + {0}", other)

    def __sub__(self, other: Operand) -> Formula:
        return self._with("{} - {}", other)

    def __rsub__(self, other: Operand) -> Formula:
        return self._with("{1} - {0}", other)

    def __mul__(self, other: Operand) -> Formula:
        return self._with("{} * {}", other)

    def __rmul__(self, other: Operand) -> Formula:
        return self._with("{1} * {0}", other)

    def __truediv__(self, other: Operand) -> Formula:
        return self._with("over({}, {})", other)

    def __rtruediv__(self, other: Operand) -> Formula:
        return self._with("over({1}, {0})", other)

    def __neg__(self) -> Formula:
        return self.trace.line(f"-{self.name}")

    def sqrt(self) -> Formula:
        """Return the root."""
        return self.trace.line(f"root({self.name})")

    def abs(self) -> Formula:
        """Return the size."""
        return self.trace.line(f"size({self.name})")

    def sign(self) -> Formula:
        """Return -1, 0 or 1, and NaN for a NaN."""
        return self.trace.line(f"direction({self.name})")

    def maximum(self, other: Operand) -> Formula:
        """Return the larger of two; a NaN stays one."""
        return self._with("larger({}, {})", other)

    def minimum(self, other: Operand) -> Formula:
        """Return the smaller of two; a NaN stays one."""
        return self._with("smaller({}, {})", other)

    def clamp(self, *, min: Operand = None, max: Operand = None) -> Formula:  # noqa: A002 - torch's names
        """Return what is not below or not above a number."""
        low = self if min is None else self.maximum(min)
        return low if max is None else low.minimum(max)


Step: TypeAlias = Callable[[Formula, Formula, dict[str, Any]], Formula]


@dataclass(frozen=True)
class Written:
    """A step as lines: the arrays by their names, and which line each of those that change ends as.

    Two steps of one `program` differ in their numbers alone.
    """

    program: tuple[str, ...]
    numbers: list[float]
    made: tuple[str, ...]


def written(step: Step, kept: tuple[str, ...], absent: tuple[str, ...]) -> Written:
    """Return a step of parameter, gradient and states as lines; states in `absent` are made by it.

    The arrays are called p, g and k0, k1 ... in the order of `kept`.
    """
    trace = Trace()
    names = {key: f"k{place}" for place, key in enumerate(kept)}
    before = {key: None if key in absent else Formula(trace, name) for key, name in names.items()}
    states: dict[str, Any] = dict(before)
    moved = step(Formula(trace, "p"), Formula(trace, "g"), states)
    ends = [f"p = {moved.name}"]
    ends += [f"{names[key]} = {states[key].name}" for key in kept if states[key] is not before[key]]
    made = tuple(key for key in absent if states[key] is not None)
    return Written((*trace.lines, *ends), trace.numbers, made)
