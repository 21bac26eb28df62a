"""Rows that a sparse gradient leaves out stay as they are, and the others do not see it."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np

from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from impls.session import every
from reference.formats import Array

EVEN_ROWS = "sparse, even rows"
"""The layout of a gradient that has every other row, from the first."""


def takes_rows(subject: WorkerSubject) -> str:
    """Return why a subject does not apply: it takes dense gradients; or nothing."""
    return "" if subject.implementation.gradient == "sparse" else "it takes dense gradients"


def judge(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    """Compare, bit for bit, with the state before and with the step of a gradient of all rows."""
    implementation = dataclasses.replace(subject.implementation, gradient=EVEN_ROWS)
    other = dataclasses.replace(subject, implementation=implementation)
    runs = every(partial(other.run, case, prepared), partial(subject.run, case, prepared))
    some, whole_gradient = (run.steps[-1] for run in runs)
    tally.cases += 1
    for index, (item, sparse, full) in enumerate(zip(prepared, some, whole_gradient, strict=True)):
        present = _even(item)
        tally.element_cases += present.size
        for name, value in sparse.values.items():
            whole = full.values[name]
            if value is None or whole is None:
                continue
            expected = np.where(present, whole, item.values[name])
            tally.values += value.size
            same = (value == expected) | (np.isnan(value) & np.isnan(expected))
            if not same.all():
                outside = _outside(case, item, index, name, int(np.argmin(same)), value, expected)
                tally.fail(dataclasses.replace(outside, count=int(np.count_nonzero(~same))))


def _even(item: Prepared) -> Array:
    rows = item.shape[0]
    width = item.gradients[0].size // max(rows, 1)
    even: Array = np.repeat(np.arange(rows) % 2 == 0, width)
    return even


def _outside(case: Case, item: Prepared, tensor: int, name: str, place: int, value: Array, expected: Array) -> Outside:
    scalars = {**case.groups[item.group].hyperparameters, "t": item.count + 1.0}
    before = {key: float(array[place]) for key, array in item.values.items()}
    before[GRADIENT] = float(item.gradients[0][place])
    bounds = (float(expected[place]), float(expected[place]))
    return Outside(case, name, tensor, place, scalars, before, bounds, float(value[place]))
