"""Stability: after many steps no parameter is NaN."""

from __future__ import annotations

import numpy as np

from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import WorkerSubject


def judge(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    """Look for parameters that are not numbers."""
    outcome = subject.run(case, prepared)
    name = next(iter(subject.rules.values())).parameter.symbol.name
    tally.cases += 1
    for index, (item, after) in enumerate(zip(prepared, outcome.steps[-1], strict=True)):
        value = after.values[name]
        if value is None:
            raise RuntimeError(f"a run shows no {name} of tensor {index}: the parameter is always read")
        wrong = np.isnan(value)
        tally.element_cases += value.size
        tally.values += value.size
        if wrong.any():
            place = int(np.argmax(wrong))
            scalars = {**case.groups[item.group].hyperparameters, "t": float(case.steps)}
            before = {key: float(array[place % array.size]) for key, array in item.values.items()}
            before["g"] = float(item.gradients[0][place])
            largest = subject.storage.largest
            tally.fail(
                Outside(
                    case,
                    name,
                    index,
                    place,
                    scalars,
                    before,
                    (-largest, largest),
                    float("nan"),
                    case.steps - 1,
                    int(np.count_nonzero(wrong)),
                )
            )
