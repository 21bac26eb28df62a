"""Stability: after many steps no parameter is NaN."""

from __future__ import annotations

import numpy as np

from conformance.agreement import Outside, Tally
from conformance.cases import Case
from conformance.subject import Prepared, WorkerSubject


def judge(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally) -> None:
    """Look for parameters that are not numbers."""
    outcome = subject.run(case, prepared)
    name = next(iter(subject.rules.values())).parameter.symbol.name
    tally.cases += 1
    for index, (item, after) in enumerate(zip(prepared, outcome.steps[-1], strict=True)):
        value = after.values[name]
        assert value is not None
        wrong = np.isnan(value)
        tally.element_cases += value.size
        tally.values += value.size
        if wrong.any():
            tally.outside += int(np.count_nonzero(wrong))
            place = int(np.argmax(wrong))
            scalars = {**case.groups[item.group].hyperparameters, "t": float(case.steps)}
            before = {key: float(array[place % array.size]) for key, array in item.values.items()}
            before["g"] = float(item.gradients[0][place])
            largest = subject.storage.largest
            tally.failures.append(
                Outside(case, name, index, place, scalars, before, (-largest, largest), float("nan"),
                        case.steps - 1)
            )  # fmt: skip
