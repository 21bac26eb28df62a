"""L-BFGS with its stopping rules and both choices of step length, as a person would write it.

The directions are those of Nocedal (1980); the first length, the pairs kept and the rules that stop are
those of Schmidt's minFunc (2005), which torch follows.  The program runs on floats and on balls alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reference.balls.rounded import dot, largest, total
from reference.formats import Array
from reference.lbfgs.line_search import search

Evaluate: TypeAlias = Callable[[Array], tuple[Any, Array]]
"""The function and its gradient at a point."""
CURVATURE = 1e-10


@dataclass(frozen=True)
class Settings:
    """How a minimiser runs: torch's keywords and defaults."""

    lr: float = 1.0
    max_iter: int = 20
    max_eval: int | None = None
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    history_size: int = 100
    line_search_fn: str | None = None

    @property
    def evaluations(self) -> int:
        """The evaluations of one step: by default a quarter more than iterations."""
        return self.max_iter * 5 // 4 if self.max_eval is None else self.max_eval


@dataclass
class Memory:
    """What one iteration leaves to the next: pairs of changes, the newest last, and the last step."""

    pairs: list[tuple[Array, Array, Any]] = field(default_factory=list)
    scale: Any = 1.0
    iterations: int = 0
    gradient: Array | None = None
    direction: Array | None = None
    length: Any = None

    def keep(self, gradient: Array, history: int) -> None:
        """Keep the change of the gradient and the step that made it, if their product is positive."""
        if self.gradient is None or self.direction is None:
            return
        change, moved = gradient - self.gradient, self.direction * self.length
        curvature = dot(change, moved)
        if curvature > CURVATURE:
            self.pairs = [*self.pairs, (change, moved, 1.0 / curvature)][-history:]
            self.scale = curvature / dot(change, change)

    def towards(self, gradient: Array) -> Array:
        """Return the direction: minus the inverse Hessian's approximation times the gradient."""
        direction: Array = -gradient
        weights: list[Any] = []
        for change, moved, reciprocal in reversed(self.pairs):
            weights.append(dot(moved, direction) * reciprocal)
            direction = direction - change * weights[-1]
        direction = direction * self.scale
        for (change, moved, reciprocal), weight in zip(self.pairs, reversed(weights), strict=True):
            direction = direction + moved * (weight - dot(change, direction) * reciprocal)
        return direction


def step(memory: Memory, x: Array, evaluate: Evaluate, settings: Settings) -> Array:
    """Make the iterations of one step from ``x`` and return the point they lead to."""
    loss, gradient = evaluate(x)
    evaluations = 1
    if largest(gradient) <= settings.tolerance_grad:
        return x
    for iteration in range(1, settings.max_iter + 1):
        memory.keep(gradient, settings.history_size)
        memory.iterations += 1
        direction, length = memory.towards(gradient), settings.lr
        if memory.iterations == 1:
            length = min(1.0, 1.0 / total(abs(gradient))) * settings.lr
        memory.gradient, memory.direction, memory.length = gradient, direction, length
        slope, before, last = dot(gradient, direction), loss, iteration == settings.max_iter
        if slope > -settings.tolerance_change:
            break
        if settings.line_search_fn:
            allowed = settings.evaluations - evaluations
            found = search(evaluate, x, direction, length, (loss, gradient, slope), settings.tolerance_change, allowed)
            length, loss, gradient, used = found
            memory.length = length
            x = x + direction * length
        else:
            x, used = x + direction * length, 0
            if not last:
                (loss, gradient), used = evaluate(x), 1
        evaluations += used
        if last or evaluations >= settings.evaluations or largest(gradient) <= settings.tolerance_grad:
            break
        if largest(direction * length) <= settings.tolerance_change:
            break
        if abs(loss - before) < settings.tolerance_change:
            break
    return x
