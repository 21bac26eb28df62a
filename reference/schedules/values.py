"""Every schedule in plain Python, written by hand from its paper or library.

Each function returns the learning rate at step t, from 0; arguments have torch's names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import cos, floor, pi, prod, sqrt, tanh


def constant(t: float, lr: float, factor: float = 1.0, total_iters: int = 0, kind: str = "factor") -> float:
    """A factor until ``total_iters``, or none."""
    return lr * factor if kind == "factor" and t < total_iters else lr


def step(t: int, lr: float, step_size: int, gamma: float) -> float:
    """A decay every ``step_size`` steps."""
    return float(lr * gamma ** (t // step_size))


def multi_step(t: int, lr: float, milestones: Sequence[int], gamma: float, boundary: str = "at") -> float:
    """A decay at every milestone, or at the step after it."""
    count = bisect_right(sorted(milestones), t + {"at": 0, "after": -1, "before": 1}[boundary])
    return float(lr * gamma**count)


def exponential(t: int, lr: float, gamma: float, transition_steps: int = 1, over: str = "step") -> float:
    """A decay at every step, or over a number of them."""
    return float(lr * gamma ** (t / transition_steps if over == "period" else t))


def polynomial(
    t: int, lr: float, total_iters: int, power: float, eta_end: float = 0.0, end: str = "zero"
) -> float:
    """A power of the share of steps left."""
    if t >= total_iters:
        return eta_end
    return float((lr - eta_end) * (1.0 - t / total_iters) ** power + eta_end)


def inverse_time(t: int, lr: float, decay: float) -> float:
    """One over a linear function."""
    return lr / (1.0 + decay * t)


def inverse_sqrt(
    t: int, lr: float, warmup: int, d_model: int = 1, scale: str = "peak", first: str = "zero"
) -> float:
    """Linear warm-up, then one over the root of the step."""
    n = t if first == "zero" else t + 1
    if scale == "width":
        return lr / sqrt(d_model) * (n / sqrt(warmup) ** 3 if n < warmup else 1.0 / sqrt(n))
    return lr * (n / warmup if n < warmup else sqrt(warmup / n))


def linear(t: int, lr: float, start_factor: float, end_factor: float, total_iters: int) -> float:
    """A factor that changes linearly."""
    if t >= total_iters:
        return lr * end_factor
    return lr * (start_factor + (end_factor - start_factor) * t / total_iters)


def cosine(
    t: float,
    lr: float,
    T_max: int,
    eta_min: float,
    after: str = "periodic",
    end: str = "T",
) -> float:
    """Half a cosine."""
    length = T_max if end == "T" else T_max - 1
    if after == "hold" and t >= length:
        return eta_min
    return eta_min + (lr - eta_min) * (1.0 + cos(pi * t / length)) / 2.0


def k_decay(
    t: int, lr: float, T_max: int, k_decay: float, eta_min: float, power: float = 1.0, of: str = "cosine"
) -> float:
    """A cosine or a polynomial in a power of time, and then the lowest value."""
    done = min(1.0, t / T_max) ** k_decay
    left = (1.0 + cos(pi * done)) / 2.0 if of == "cosine" else (1.0 - done) ** power
    return float(eta_min + (lr - eta_min) * left)


def averaging(t: int, lr: float, swa_lr: float, anneal_epochs: int, anneal: str = "cos") -> float:
    """From one learning rate to another, and no further."""
    done = min(1.0, t / anneal_epochs)
    share = (1.0 - cos(pi * done)) / 2.0 if anneal == "cos" else done
    return lr + (swa_lr - lr) * share


def interpolated(
    t: int, lr: float, boundaries: Sequence[int], scales: Sequence[float], anneal: str = "cos"
) -> float:
    """The way between the two boundaries around t."""
    begin, value = 0, float(lr)
    for end, scale in zip(boundaries, scales, strict=False):
        if t < end:
            done = (t - begin) / (end - begin)
            left = (1.0 + cos(pi * done)) / 2.0 if anneal == "cos" else 1.0 - done
            return value * scale + (value - value * scale) * left
        begin, value = end, value * scale
    return value


def hyperbolic_tangent(
    t: float, lr: float, T_max: int, eta_min: float, lb: float, ub: float, first: str = "formula"
) -> float:
    """A hyperbolic tangent, and then the lowest value."""
    if t < 1 and first == "base":
        return lr
    if t >= T_max:
        return eta_min
    return eta_min + (lr - eta_min) * (1.0 - tanh(lb + (ub - lb) * t / T_max)) / 2.0


def cosine_restarts(
    t: float, lr: float, T_0: int = 1, T_mult: int = 1, eta_min: float = 0.0, T_max: int = 1,
    num_cycles: int = 1, cycles: str = "endless",
) -> float:  # fmt: skip
    """Half cosines, found by walking from cycle to cycle; or equal ones, and then 0."""
    if cycles == "equal":
        return lr * (1.0 + cos(pi * (t * num_cycles % T_max) / T_max)) / 2.0 if t < T_max else 0.0
    begin, length = 0, T_0
    if T_mult == 1:
        begin = T_0 * floor(t / T_0)
    while t - begin >= length:
        begin, length = begin + length, length * T_mult
    return eta_min + (lr - eta_min) * (1.0 + cos(pi * (t - begin) / length)) / 2.0


def one_cycle(
    t: int, max_lr: float, total_steps: int, pct_start: float, div_factor: float, final_div_factor: float,
    pct_final: float = 1.0, anneal: str = "cos", phases: str = "two", joints: str = "share", **_: float,
) -> float:  # fmt: skip
    """Up to the peak and down; joints in whole steps are one later."""
    whole = joints == "whole"
    first, end = max_lr / div_factor, total_steps - (not whole)
    last, peak_at = first / final_div_factor, pct_start * total_steps - 1
    back = 2 * pct_start * total_steps - 2
    if whole:
        peak_at, back = int(pct_start * total_steps), int(pct_final * total_steps)
    if whole and t >= end:
        return last
    legs = [(0.0, peak_at, first, max_lr), (peak_at, end, max_lr, last)]
    if phases == "three":
        legs[1:] = [(peak_at, back, max_lr, first), (back, end, first, last)]
    reached = (leg for leg in legs if t < leg[1] or (t == leg[1] and not whole))
    begin, until, a, b = next(reached, legs[-1])
    done = (t - begin) / (until - begin)
    return b + (a - b) * (1.0 + cos(pi * done)) / 2.0 if anneal == "cos" else a + (b - a) * done


def cyclic(
    t: int, base_lr: float, max_lr: float, step_size_up: int, step_size_down: int, gamma: float = 1.0,
    mode: str = "triangular", **_: float,
) -> float:  # fmt: skip
    """A triangle wave."""
    cycle, place = divmod(t, step_size_up + step_size_down)
    left = step_size_up + step_size_down - place
    height = place / step_size_up if place <= step_size_up else left / step_size_down
    height *= {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": gamma**t}[mode]
    return base_lr + (max_lr - base_lr) * height


def given(t: int, lr: float, lr_lambda: Callable[[int], float], of: str = "base") -> float:
    """A function of t, or its product from 1 to t."""
    return lr * lr_lambda(t) if of == "base" else lr * prod(lr_lambda(j) for j in range(1, t + 1))


def warmup(
    t: int, lr: float, warmup: int, into: str = "cosine", first: str = "zero", clock: str = "restart",
    **settings: float,
) -> float:  # fmt: skip
    """Linear warm-up into another schedule."""
    if t < warmup:
        return lr * (t if first == "zero" else t + 1) / warmup
    later = t - {"restart": warmup, "peak": warmup - 1, "shared": 0}[clock]
    if into == "linear":
        return linear(later, lr, 1.0, 0.0, **settings)  # type: ignore[arg-type]
    schedule, options = MAIN[into]
    return schedule(later, lr, **settings, **options)


def warmup_stable_decay(
    t: int, lr: float, warmup: int, stable: int, decay: int, eta_min: float, shape: str = "linear",
    first: str = "zero",
) -> float:  # fmt: skip
    """Warm-up, plateau and decay."""
    if t < warmup:
        return lr * t / warmup if first == "zero" else eta_min + (lr - eta_min) * t / warmup
    done = (t - warmup - stable) / decay
    if done < 0:
        return lr
    if done >= 1:
        return eta_min
    if shape == "cosine":
        return eta_min + (lr - eta_min) * (1.0 + cos(pi * done)) / 2.0
    return eta_min + (lr - eta_min) * (1.0 - (done if shape == "linear" else sqrt(done)))


def plateau(
    metrics: Sequence[float], lr: float, factor: float, patience: int, threshold: float, cooldown: int,
    min_lr: float, eps: float, mode: str = "min", threshold_mode: str = "rel", share: str = "magnitude",
) -> list[float]:  # fmt: skip
    """The learning rate before the first metric and after each."""
    best, bad, rest, found = float("inf" if mode == "min" else "-inf"), 0, 0, [lr]
    for metric in metrics:
        turn = -1.0 if share == "magnitude" and best < 0 else 1.0
        away = threshold if mode == "max" else -threshold
        bound = best * (1.0 + away * turn) if threshold_mode == "rel" else best + away
        improved = metric < bound if mode == "min" else metric > bound
        best, bad = (metric, 0) if improved else (best, bad + 1)
        if rest > 0:
            rest, bad = rest - 1, 0
        if bad > patience:
            lower = max(lr * factor, min_lr)
            lr = lower if lr - lower > eps else lr
            rest, bad = cooldown, 0
        found.append(lr)
    return found


def greedy(
    metrics: Sequence[float], lr: float, factor: float, patience: int, threshold: float, cooldown: int,
    warmup: int, min_lr: float, max_lr: float, eps: float, reset_start: int, mode: str = "min",
    threshold_mode: str = "rel", share: str = "magnitude",
) -> list[float]:  # fmt: skip
    """The learning rate before the first metric and after each."""
    first, worst = lr, float("inf" if mode == "min" else "-inf")
    best, good, bad, rest, left, found = worst, 0, 0, 0, reset_start, [lr]
    for metric in metrics:
        if rest > 0:
            rest, good, bad = rest - 1, 0, 0
            found.append(lr)
            continue
        turn = -1.0 if share == "magnitude" and best < 0 else 1.0
        away = threshold if mode == "max" else -threshold
        bound = best * (1.0 + away * turn) if threshold_mode == "rel" else best + away
        improved = metric < bound if mode == "min" else metric > bound
        best, good, bad = (metric, good + 1, 0) if improved else (best, 0, bad + 1)
        if good > patience:
            higher = min(lr / factor, max_lr)
            lr = higher if higher - lr > eps else lr
            good, rest, left = 0, warmup, reset_start
        elif bad > patience:
            lower = max(lr * factor, min_lr)
            lr = lower if lr - lower > eps else lr
            bad, rest, left = 0, cooldown, left - (lr <= min_lr)
            if left <= 0:
                lr, best, left = first, worst, reset_start
        found.append(lr)
    return found


MAIN: dict[str, tuple[Callable[..., float], dict[str, str]]] = {
    "cosine": (cosine, {"after": "hold"}),
    "periodic": (cosine, {}),
    "constant": (constant, {"kind": "plain"}),
    "polynomial": (polynomial, {"end": "value"}),
    "exponential": (exponential, {"over": "period"}),
    "restarts": (cosine_restarts, {"cycles": "equal"}),
}
BY_NAME: dict[str, Callable[..., float]] = {
    "constant": constant, "step": step, "multi_step": multi_step, "exponential": exponential,
    "polynomial": polynomial, "inverse_time": inverse_time, "inverse_sqrt": inverse_sqrt, "linear": linear,
    "cosine": cosine, "cosine_restarts": cosine_restarts, "one_cycle": one_cycle, "cyclic": cyclic,
    "given": given, "k_decay": k_decay, "interpolated": interpolated, "averaging": averaging,
    "tanh": hyperbolic_tangent, "warmup": warmup, "warmup_stable_decay": warmup_stable_decay,
}  # fmt: skip
