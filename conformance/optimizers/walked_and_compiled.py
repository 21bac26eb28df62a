"""Compiled enclosures held against the walk: the same ends and flags, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from conformance.optimizers.cases import TensorCase
from conformance.optimizers.subject import GRADIENT
from conformance.optimizers.tensor_values import expand
from reference.compiled.probe import compared
from reference.compiled.records import record
from reference.compiled.step_judgement import StepJudge
from reference.formats import Array, Format
from reference.profile import Profile
from spec.rule import UpdateRule


@dataclass(frozen=True)
class Setup:
    """What is enclosed: a rule under a profile, in a format, its states in formats of their own, with scalars."""

    rule: UpdateRule
    profile: Profile
    storage: Format
    state_formats: Mapping[str, Format]
    scalars: Mapping[str, float]

    @property
    def judge(self) -> StepJudge:
        """What judges its steps."""
        return StepJudge(self.rule, self.profile, self.storage, self.scalars, self.state_formats)

    def compiled(self) -> bool:
        """Compile it whatever it costs and returns, and tell whether that could be done."""
        found = record(self.judge.task(frozenset((GRADIENT, *_tensors(self.rule)))))
        return found.step is not None or found.compile(lambda _: True)


def _tensors(rule: UpdateRule) -> tuple[str, ...]:
    return tuple(quantity.symbol.name for quantity in rule.quantities if not quantity.scalar)


def drawn(setup: Setup, size: int, seed: int, regime: str) -> dict[str, Array]:
    """Return the tensors before a step: magnitudes of a regime, zeros, infinities and NaN."""
    case = TensorCase((size,), 6, seed, regime)
    values, gradients = expand(case, setup.rule, setup.storage, setup.scalars)
    before = {name: values[name].copy() for name in _tensors(setup.rule)} | {GRADIENT: gradients[0].copy()}
    before[GRADIENT][5::97], before[GRADIENT][7::97] = np.inf, np.nan
    for step, name in enumerate(_tensors(setup.rule), 2):
        before[name][step::89], before[name][step + 40 :: 89] = np.inf, np.nan
    return before


def differences(setup: Setup, before: Mapping[str, Array], after: Mapping[str, Array]) -> tuple[int, int]:
    """Return how many ends, flags, ratios and counts were compared of one step, and how many differ."""
    size = before[GRADIENT].size
    with np.errstate(all="ignore"):
        judge = setup.judge
        walked = judge.walked(before, after, size)
        found = [
            compared(walked, judge(before, after, size)),
            compared(walked, judge.walked_quickly(before, after, size)),
        ]
    return sum(number for number, _ in found), sum(different for _, different in found)
