"""Proposes simpler cases of a failing step: one element, and the simplest scalars that still fail."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from conformance.engine.claim import Moves
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import GRADIENT
from reference.expression import decided
from spec.rule import UpdateRule

SIMPLE = (0.0, 1.0, 0.5, 2.0, -1.0, 0.25, 0.125)
LENGTHS = (2, 4, 8, 16, 32, 64, 128, 1024)


@dataclass(frozen=True)
class ElementMoves:
    """Simpler cases of steps of a rule; the settings in ``kept``, by symbol, stay as they are."""

    rule: UpdateRule
    kept: set[str]

    def moves(self, failure: Outside, prepared: tuple[Prepared, ...]) -> Moves:
        """Surround the failing element by as little as still fails, then simplify its numbers."""
        values = self._element(failure, prepared)
        for shape in self._skeletons(failure.case, failure.tensor, prepared):
            if (yield shape(values)) is not None:
                yield from self._simplified(values, shape)
                return

    def _element(self, failure: Outside, prepared: tuple[Prepared, ...]) -> dict[str, float]:
        item = prepared[failure.tensor]
        values = {name: float(array[failure.place % array.size]) for name, array in item.values.items()}
        steps = failure.step + 1
        for step in range(steps):
            values[f"{GRADIENT}{step}"] = float(item.gradients[step][failure.place])
        return {**failure.case.groups[item.group].hyperparameters, "t": item.count + 1.0, **values}

    def _skeletons(
        self, case: Case, tensor: int, prepared: tuple[Prepared, ...]
    ) -> Iterator[Callable[[Mapping[str, float]], Case]]:
        """Yield ever larger ways to surround the failing element."""
        base = dataclasses.replace(case, groups=())
        one, tail = ((1, 1), (2,)) if self.rule.matrices else ((1,), ())
        yield lambda values: self._case(base, values, one, groups=1)
        for length in LENGTHS:
            yield functools.partial(self._case, base, shape=(length, *tail), groups=1)
        yield lambda values: self._case(base, values, one, groups=2)
        own = case.groups[prepared[tensor].group].hyperparameters
        others = [group.hyperparameters for group in case.groups if group.hyperparameters != own]
        for beside in others[:1]:
            yield functools.partial(self._case, base, shape=one, groups=2, beside=beside)
        yield lambda values: self._case(base, values, one, groups=1, copies=3)
        shape = prepared[tensor].shape
        yield lambda values: self._case(base, values, shape, groups=1)
        yield lambda values: self._case(base, values, shape, groups=2, copies=3)

    def _case(
        self,
        base: Case,
        values: Mapping[str, float],
        shape: tuple[int, ...],
        *,
        groups: int,
        copies: int = 1,
        beside: Mapping[str, float] | None = None,
    ) -> Case:
        steps = sum(1 for name in values if name[: len(GRADIENT)] == GRADIENT and name[1:].isdigit())
        settings = {h.symbol.name: values[h.symbol.name] for h in self.rule.hyperparameters}
        plain = beside or {h.symbol.name: h.default for h in self.rule.hyperparameters}
        tensor = self._tensor(values, settings, shape, steps)
        others = (GroupCase(plain, (self._tensor(values, plain, shape, steps),)),) * (groups - 1)
        whole = (*others, GroupCase(settings, (tensor,) * copies))
        return dataclasses.replace(base, groups=whole, steps=steps, changes=base.changes[:steps])

    def _tensor(
        self, values: Mapping[str, float], settings: Mapping[str, float], shape: tuple[int, ...], steps: int
    ) -> TensorCase:
        """Return a tensor of equal elements; a fresh one has the initial state of its settings."""
        size = int(np.prod(shape))
        start = dict(values)
        if values["t"] == 1:
            start |= {s.symbol.name: float(decided(s.initial)(**settings)) for s in self.rule.states}
        rows = {q.symbol.name: (start[q.symbol.name],) * int(np.prod(q.shape(shape))) for q in self.rule.quantities}
        rows[GRADIENT] = tuple(values[f"{GRADIENT}{step}"] for step in range(steps) for _ in range(size))
        return TensorCase(shape, int(values["t"]) - 1, values=rows)

    def _simplified(self, values: dict[str, float], shape: Callable[[Mapping[str, float]], Case]) -> Moves:
        """Simplify one number after the other until none can be."""
        changed = True
        while changed:
            changed = False
            for name in [name for name in values if name not in self.kept]:
                for simpler in self._simpler(name, values):
                    trial = {**values, name: simpler}
                    if (yield shape(trial)) is not None:
                        values, changed = trial, True
                        break

    def _simpler(self, name: str, values: Mapping[str, float]) -> Iterator[float]:
        """Yield values simpler than the present one, the simplest first."""
        value = values[name]
        if name == "t":
            yield from (float(t) for t in (1, 2, 3, 10, 100) if t < value)
            return
        domain = {h.symbol.name: h.domain for h in self.rule.hyperparameters}.get(name)
        state = {q.symbol.name: q for q in self.rule.quantities}.get(name)
        fresh = values["t"] == 1 and state is not None and state is not self.rule.parameter
        rounded = [_rounded(value, bits) for bits in (1, 2, 4, 8, 12)]
        for simple in (*SIMPLE, *rounded):
            if simple == value:
                return
            illegal = domain is not None and simple not in domain
            negative = state is not None and state.symbol.is_nonnegative and simple < 0
            if not (illegal or negative or fresh):
                yield simple


def _rounded(value: float, bits: int) -> float:
    mantissa, exponent = np.frexp(value)
    return float(np.ldexp(np.round(np.ldexp(mantissa, bits)), int(exponent) - bits))
