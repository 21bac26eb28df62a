"""Where values are wrong, and by which factor: what all wrong elements share and the right ones do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from conformance.diagnosis.recordings import Recording
from conformance.optimizers.agreement import Slab, slabs
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from reference.compiled.rounding import QuickEnclosure
from reference.formats import Array
from reference.intervals.enclosure import as_intervals
from reference.intervals.exact import exact_step
from spec.rule import UpdateRule
from spec.symbols import t

MOSTLY = 0.9
"""A regime is told where so many of its elements are wrong."""
ALIKE = 1e-6
"""Factors are the same that differ by less, in relation to them."""
LEAST = 8
MOST_OF_A_SLAB = 1024
"""Elements of a large tensor that are looked at."""
AT_ZERO, NOT_AT_ZERO = "where the gradient is 0", "where the gradient is not 0"
WITHOUT_DIMENSIONS = "in tensors without dimensions"
OF_ELEMENTS = frozenset({AT_ZERO, NOT_AT_ZERO})
"""What is so of an element, and may decide whether its rounding shows."""
LARGEST_FIRST = 2
"""What begins with a later step, or with larger tensors, is told; the first steps have words of their own."""


@dataclass(frozen=True)
class StepElement:
    """One element of a step: what is so of it, whether it is wrong, and its step over the formula's."""

    features: frozenset[str]
    wrong: bool
    factor: float
    scalars: Mapping[str, float]
    size: int
    plain: bool = True
    """Whether its gradient may be squared: what is wrong in a line may not show where that under- or overflows."""


def regime(subject: WorkerSubject, runs: Sequence[Recording]) -> list[StepElement]:
    """Return every element of the runs of one step."""
    found: list[StepElement] = []
    with np.errstate(all="ignore"):
        for run in (run for run in runs if run.case.steps == 1):
            rule = subject.rules[run.case.switches]
            for slab in slabs(run.case, run.prepared, run.outcome, rule):
                if slab.size:
                    found += _elements(subject, rule, run, slab)
    return found


def _elements(subject: WorkerSubject, rule: UpdateRule, run: Recording, slab: Slab) -> Iterable[StepElement]:
    size = slab.size
    enclosure = QuickEnclosure(rule, subject.profile, subject.storage, slab.scalars, run.outcome.state_formats)
    legal = enclosure(as_intervals(slab.before, subject.storage))
    centre = exact_step(enclosure.program, subject.storage, slab.scalars, slab.before, run.outcome.state_formats)
    wrong: Array = np.zeros(size, bool)
    for name, value in ((name, value) for name, value in slab.after.items() if value.size == size):
        wrong |= ~np.broadcast_to(legal[name].contains(value.astype(subject.storage.work)), value.shape).reshape(-1)
    name = rule.parameter.symbol.name
    start = slab.before[name].reshape(-1).astype(float)
    moved = slab.after[name].reshape(-1).astype(float) - start if name in slab.after else np.full(size, np.nan)
    factors = moved / (np.asarray(centre[name], dtype=float).reshape(-1) - start)
    gradients = slab.before[GRADIENT].reshape(-1)
    common = _common(run, rule, slab)
    for place in range(0, size, max(1, size // MOST_OF_A_SLAB)):
        shape = run.prepared[slab.origin(place)[0]].shape
        cells = int(np.prod(shape, dtype=int))
        own = {AT_ZERO if gradients[place] == 0.0 else NOT_AT_ZERO}
        own |= {WITHOUT_DIMENSIONS} if not shape else set()
        squared = subject.storage.nearest(np.asarray(gradients[place], subject.storage.work) ** 2)
        plain = bool(subject.storage.smallest_normal <= squared < np.inf)
        yield StepElement(common | own, bool(wrong[place]), float(factors[place]), slab.scalars, cells, plain)


def _common(run: Recording, rule: UpdateRule, slab: Slab) -> frozenset[str]:
    """Return what is so of all elements of a slab."""
    count = slab.scalars[t.name]
    later = {"after the first step", "in even steps" if count % 2 == 0 else "in odd steps after the first"}
    found = {"in the first step"} if count == 1.0 else {*later, f"in step {count:,.0f}"}
    found |= {"in the first group" if slab.group == 0 else "in further groups"}
    first, own = (run.case.groups[place].hyperparameters for place in (0, slab.group))
    changed = {item.keyword for item in rule.hyperparameters if own[item.symbol.name] != first[item.symbol.name]}
    found |= {f"where {keyword} is not that of the first group" for keyword in changed}
    return frozenset(found | {f"with {switch}" for switch in run.case.switches})


def told(elements: Sequence[StepElement], what: str = "the step") -> tuple[str, ...]:
    """Return in words where the wrong elements are, and the factor of ``what`` to the formula's."""
    wrong = [element for element in elements if element.wrong]
    if len(wrong) < LEAST:
        return ()
    telling, always = _where(wrong, elements)
    said = []
    if telling:
        said.append(f"wrong only {' and '.join(telling)}, and {'always' if always else 'sometimes'} there")
    said += _above(elements)
    factor = _factor(wrong)
    return (*said, f"{what} is {factor} times the formula's") if factor else tuple(said)


def switched(elements: Sequence[StepElement]) -> bool:
    """Tell whether all is wrong in some steps, groups, tensors or variants and nothing elsewhere, as no rounding is."""
    wrong = [element for element in elements if element.wrong]
    telling, always = _where(wrong, elements) if len(wrong) >= LEAST else ([], False)
    sizes = [element.size for element in wrong]
    larger = sizes and min(sizes) > max((e.size for e in elements if not e.wrong and e.plain), default=min(sizes))
    return bool(larger) or (always and not OF_ELEMENTS.issuperset(telling))


def _where(wrong: Sequence[StepElement], elements: Sequence[StepElement]) -> tuple[list[str], bool]:
    """Return what the wrong elements share and others do not, and whether all but a few with it are wrong."""
    shared = frozenset.intersection(*(element.features for element in wrong))
    there = [e for e in elements if shared <= e.features and (e.wrong or e.plain)]
    return _telling(shared, elements), len(wrong) >= MOSTLY * len(there)


def _telling(shared: frozenset[str], elements: Sequence[StepElement]) -> list[str]:
    """Return of what all wrong elements share the fewest features that leave out as many others: the plainest stay."""
    kept = sorted(shared)
    inside = [element for element in elements if shared <= element.features]
    for name in sorted(shared, key=lambda name: (-len(name), name)):
        fewer = frozenset(kept) - {name}
        if sum(fewer <= element.features for element in elements) == len(inside):
            kept.remove(name)
    return kept


def _above(elements: Sequence[StepElement]) -> list[str]:
    """Return from which step, and from which size of tensors on, all is wrong and before it nothing, if that is so."""
    said = []
    for first, of in (("from step {} on", lambda e: e.scalars[t.name]), ("in tensors of {} elements or more", _size)):
        wrong = [of(element) for element in elements if element.wrong]
        right = [of(element) for element in elements if not element.wrong and element.plain]
        if right and min(wrong) > max(right) and min(wrong) > LARGEST_FIRST:
            said.append(f"wrong only {first.format(f'{min(wrong):,.0f}')}, the largest right one is {max(right):,.0f}")
    return said


def _size(element: StepElement) -> float:
    return float(element.size)


def _factor(wrong: Sequence[StepElement]) -> str:
    """Return the factor between got and expected steps as a number or a setting, if it is one."""
    known = [element for element in wrong if np.isfinite(element.factor) and element.factor]
    if len(known) < LEAST or all(abs(element.factor - 1.0) <= ALIKE for element in known):
        return ""
    for name, expression in _expressions(known[0].scalars):
        if all(_is(element.factor, expression, element.scalars) for element in known):
            return name
    first = known[0].factor
    same = all(abs(element.factor - first) <= ALIKE * abs(first) for element in known)
    return f"{first:.6g}" if same else ""


def _expressions(scalars: Mapping[str, float]) -> Iterable[tuple[str, sp.Expr]]:
    """Yield simple expressions of one setting, the plainest first."""
    for name in scalars:
        if name != t.name:
            x = sp.Symbol(name)
            for expression in (x, 1 / x, 1 - x, 1 / (1 - x), 1 - x**t, 1 / (1 - x**t), sp.sqrt(x)):
                yield str(expression), expression


def _is(factor: float, expression: sp.Expr, scalars: Mapping[str, float]) -> bool:
    value = complex(expression.subs({symbol: scalars[symbol.name] for symbol in expression.free_symbols}))
    if not np.isfinite(value.real) or value.imag:
        return False
    return bool(abs(factor - value.real) <= ALIKE * abs(value.real))
