"""Judges cells of schedulers: cases are drawn, the first failure is reduced, the ledger replayed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity

from conformance.schedules.cases import Case
from conformance.schedules.further import FURTHER
from conformance.schedules.persistence import PERSISTENCE
from conformance.schedules.properties import PROPERTIES, Property
from conformance.schedules.reduction import reduce
from conformance.schedules.subject import BINS, Failure, Subject, Tally
from conformance.verdict import Cell, Figures
from impls.schedulers import Scheduler

ALL = (*PROPERTIES, *PERSISTENCE, *FURTHER)
BY_IDENTIFIER = {item.identifier: item for item in ALL}
PATH, DEVICE, DTYPE = "step()", "cpu", "float64"


@dataclass
class Judged:
    """What came of a property: the reduced failure, if there is one, and what was compared."""

    failure: Failure | None = None
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0


def cell(entry: Scheduler, claim: Property) -> Cell:
    """Return the cell of a property of a scheduler."""
    return Cell(entry.name, PATH, DEVICE, DTYPE, claim.identifier)


def explore(
    subject: Subject,
    claim: Property,
    examples: int,
    seed: int,
    watch: Callable[[Case], None] = lambda _: None,
) -> Judged:
    """Judge up to ``examples`` cases; the first failure ends it and is reduced."""
    judged, start = Judged(), time.perf_counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet, report_multiple_bugs=False,
        print_blob=False,
    )  # fmt: skip
    @hypothesis.given(claim.draw(subject.entry))
    def run(case: Case) -> None:
        if judged.failure is not None:
            return
        judged.failure = claim.judge(subject, case, judged.tally)
        judged.tally.cases += 1
        if judged.failure is None:
            watch(case)

    run()
    if judged.failure is not None:
        judged.failure = reduce(judged.failure, lambda case: claim.judge(subject, case, Tally()))
    judged.seconds = time.perf_counter() - start
    return judged


def figures(tally: Tally) -> Figures:
    """Return the figures of a tally: an element-case is one reading of one group."""
    ratios = np.array(tally.ratios)
    counts = np.histogram(ratios, BINS, (0.0, 1.0))[0] if ratios.size else ()
    return Figures(
        tally.cases, tally.readings, tally.values, tally.outside, tally.undecided, int(ratios.size),
        round(float(np.median(ratios)), 6) if ratios.size else None,
        round(float(ratios.max()), 6) if ratios.size else None, tuple(int(c) for c in counts),
    )  # fmt: skip
