"""Roundings of arrays by compiled code are those that are defined."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from reference.compiled import rounding
from reference.compiled.rounding import CompiledRounding, QuickEnclosure, compiled
from reference.formats import BFLOAT16, FLOAT32, FORMATS, Format
from reference.intervals.enclosure import StepEnclosure
from reference.intervals.interval import Interval, Rounding
from reference.profile import Profile
from spec import rules as book


def same(first: Interval, second: Interval) -> bool:
    """Tell whether two intervals have the same ends."""
    return np.array_equal(first.lo, second.lo) and np.array_equal(first.hi, second.hi)


compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@compiler
@pytest.mark.parametrize("name", FORMATS)
def test_whole_arrays_are_rounded_to_the_same_bits(name: str) -> None:
    """A number for a tensor, a matrix read by columns, every other row and numbers of another type too."""
    defined = Rounding(FORMATS[name], (FLOAT32,) if name in {"float16", "bfloat16"} else ())
    made = compiled(defined)
    assert isinstance(made, CompiledRounding)
    ends = np.linspace(-3.0, 7.0, 60, dtype=defined.target.work).reshape(6, 10)
    arrays = (ends, ends.T, ends[::2, ::3], ends[2, 3], ends.astype(np.float32))
    assert all(same(defined(lo, lo + 0.1), made(lo, lo + 0.1)) for lo in arrays)


@compiler
def test_code_that_rounds_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled is held against the definition before it is used."""
    library = rounding._library()
    assert library is not None
    assert rounding._agrees(library)
    monkeypatch.setattr(Format, "nearest", lambda _, value: value)
    assert not rounding._agrees(library)


@compiler
def test_a_walk_with_compiled_roundings_encloses_the_same() -> None:
    """The ends of a step of Yogi in bfloat16, every form legal, are the same with both."""
    rule = book.build("yogi")
    scalars = {h.symbol.name: h.default for h in rule.hyperparameters} | {"t": 3.0}
    values = np.linspace(0.1, 2.0, 40).astype(BFLOAT16.dtype).astype(BFLOAT16.work)
    names = [quantity.symbol.name for quantity in rule.quantities] + ["g"]
    before = {name: Interval.exactly(values) for name in names}
    profile = Profile(forms=frozenset({"*"}))
    legal = [kind(rule, profile, BFLOAT16, scalars)(before) for kind in (StepEnclosure, QuickEnclosure)]
    assert legal[0].keys() == legal[1].keys() == {quantity.symbol.name for quantity in rule.quantities}
    assert all(same(first, legal[1][name]) for name, first in legal[0].items())
