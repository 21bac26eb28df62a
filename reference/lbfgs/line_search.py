"""A line search for the strong Wolfe conditions: Nocedal and Wright (2006), algorithms 3.5 and 3.6.

Trials are safeguarded as in Schmidt's minFunc: cubic interpolation, kept away from the ends of the
bracket if it comes near them twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reference.balls.rounded import dot, largest
from reference.formats import Array

DECREASE, CURVATURE = 1e-4, 0.9
"""The constants of the two conditions: equations 3.7a and 3.7b."""
NEAR, GROWTH, LEAST_GROWTH = 0.1, 10.0, 0.01


@dataclass(frozen=True)
class TrialPoint:
    """A step length with the function, its gradient and its slope along the direction."""

    length: Any
    loss: Any
    gradient: Array
    slope: Any


def interpolated(one: TrialPoint, other: TrialPoint, low: Any, high: Any) -> Any:
    """Return where the cubic through two values and slopes is least: equation 3.59, within the bounds."""
    if one.length > other.length:
        one, other = other, one
    bend = one.slope + other.slope - 3.0 * (one.loss - other.loss) / (one.length - other.length)
    square = bend**2 - one.slope * other.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = square.sqrt() if hasattr(square, "ball") else square**0.5
    share = (other.slope + root - bend) / (other.slope - one.slope + 2.0 * root)
    length = other.length - (other.length - one.length) * share
    return min(max(length, low), high)


def search(
    evaluate: Callable[[Array], tuple[Any, Array]],
    x: Array,
    direction: Array,
    length: Any,
    start: tuple[Any, Array, Any],
    tolerance: float,
    allowed: int,
) -> tuple[Any, Any, Array, int]:
    """Return a length, the loss and gradient there, and the evaluations that it took.

    ``allowed`` bounds the trials after the first one; when it is reached, the best end of the
    bracket is taken, whether or not it satisfies the conditions.
    """
    origin = TrialPoint(0.0, *start)

    def tried(at: Any) -> TrialPoint:
        loss, gradient = evaluate(x + direction * at)
        return TrialPoint(at, loss, gradient, dot(gradient, direction))

    def decreases(trial: TrialPoint) -> bool:
        return not trial.loss > origin.loss + DECREASE * trial.length * origin.slope

    def flat(trial: TrialPoint) -> bool:
        return bool(abs(trial.slope) <= -CURVATURE * origin.slope)

    previous, trial, made = origin, tried(length), 0
    bracket: list[TrialPoint] | None = None
    while made < allowed and bracket is None:
        if not decreases(trial) or (made > 1 and trial.loss >= previous.loss):
            bracket = [previous, trial]
        elif flat(trial):
            return trial.length, trial.loss, trial.gradient, made + 1
        elif trial.slope >= 0:
            bracket = [previous, trial]
        else:
            least = trial.length + LEAST_GROWTH * (trial.length - previous.length)
            longer = interpolated(previous, trial, least, trial.length * GROWTH)
            previous, trial, made = trial, tried(longer), made + 1
    if bracket is None:
        bracket = [origin, trial]
    found, made = _zoom(bracket, tried, decreases, flat, largest(direction), tolerance, (made, allowed))
    return found.length, found.loss, found.gradient, made + 1


def _zoom(
    bracket: list[TrialPoint],
    tried: Callable[[Any], TrialPoint],
    decreases: Callable[[TrialPoint], bool],
    flat: Callable[[TrialPoint], bool],
    size: Any,
    tolerance: float,
    count: tuple[int, int],
) -> tuple[TrialPoint, int]:
    """Narrow a bracket until a trial satisfies both conditions; return its lower end."""
    made, allowed = count
    low, high = _ordered(bracket)
    near_before = False
    while made < allowed and not abs(bracket[1].length - bracket[0].length) * size < tolerance:
        left, right = (pick(end.length for end in bracket) for pick in (min, max))
        shorter, longer = _by_length(bracket)
        length = interpolated(bracket[0], bracket[1], shorter, longer)
        margin = NEAR * (right - left)
        near = min(right - length, length - left) < margin
        if near and (near_before or length >= right or length <= left):
            length = right - margin if abs(length - right) < abs(length - left) else left + margin
            near = False
        near_before = near
        trial, made = tried(length), made + 1
        if not decreases(trial) or trial.loss >= bracket[low].loss:
            bracket[high] = trial
            low, high = _ordered(bracket)
            continue
        if flat(trial):
            bracket[low] = trial
            break
        if trial.slope * (bracket[high].length - bracket[low].length) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = trial
    return bracket[low], made


def _ordered(bracket: list[TrialPoint]) -> tuple[int, int]:
    """Return which end of the bracket has the lower loss, and which the higher."""
    return (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)


def _by_length(bracket: list[TrialPoint]) -> tuple[Any, Any]:
    one, other = bracket[0].length, bracket[1].length
    return (one, other) if one <= other else (other, one)
