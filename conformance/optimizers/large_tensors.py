"""Large tensors after the usual cases, until so many element-cases of every variant are decided."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st

from conformance.engine.evidence import Tally
from conformance.engine.exploration import Exploration
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.strategies import counts, settings_of
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.tensor_values import REGIMES
from spec.rule import UpdateRule

LARGEST, SMALLEST = 65536, 8192
"""Elements of a tensor: an element costs least where the steps of an enclosure are few and long."""
SETTINGS = 16
"""Settings for each variant, as far as tensors stay large."""
SHORT_SIDES = (2, 4, 8)
"""Rows or columns of matrices that are multiplied: an element's products are as many as the shorter side."""
SPARE = 4
"""So many times the cases that would do, if every element-case were decided, are tried at most."""


def fill(exploration: Exploration, subject: WorkerSubject, least: int, seed: int, body: Callable[[Case], None]) -> None:
    """Judge large tensors with ``body`` until ``least`` element-cases are decided.

    What is missing is shared out among the variants of the subject's rule.  A variant of which too
    few can be decided ends with fewer, as does one whose values are outside.
    """
    tally = exploration.evidence.tally
    share = math.ceil(max(0, least - tally.decided) / len(subject.rules))
    size = min(LARGEST, max(SMALLEST, share // SETTINGS))
    for switches, rule in subject.rules.items():
        enough = tally.decided + share
        more = dataclasses.replace(exploration, enough=partial(_enough, tally, enough))
        if share:
            more.drawn(large_cases(switches, rule, size), SPARE * math.ceil(share / size), seed, body)


def _enough(tally: Tally, decided: int) -> bool:
    """Tell whether so many element-cases are decided, or some value is outside."""
    return tally.decided >= decided or bool(tally.failures)


@st.composite
def large_cases(draw: st.DrawFn, switches: tuple[str, ...], rule: UpdateRule, size: int) -> Case:
    """Draw one step of one tensor of about ``size`` elements from any state.

    Where elements count for each other one product that overflows leaves nothing of a large tensor
    decided: the whole range of the format is left to small ones, and where matrices are multiplied
    over and over, all but usual magnitudes.
    """
    shape: tuple[int, ...] = (size,)
    if rule.matrices:
        sides = SHORT_SIDES if rule.multiplies else (*SHORT_SIDES, 1 << (size.bit_length() // 2))
        short = draw(st.sampled_from(sides))
        shape = draw(st.sampled_from([(short, size // short), (size // short, short)]))
    regimes = REGIMES[:1] if rule.multiplies else REGIMES if rule.elementwise else REGIMES[:2]
    seeds = st.integers(0, 2**32 - 1)
    tensor = TensorCase(shape, draw(counts()), draw(seeds), draw(st.sampled_from(regimes)))
    return Case(switches, (GroupCase(draw(settings_of(rule, {})), (tensor,)),))
