"""Judges cells of schedulers: cases are drawn, the first failure is reduced, the ledger replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from conformance.drawing import Digest, draw
from conformance.schedules.calls import CALLS
from conformance.schedules.cases import Case, to_plain
from conformance.schedules.deviations import NOTHING, Known
from conformance.schedules.further import FURTHER
from conformance.schedules.persistence import PERSISTENCE
from conformance.schedules.properties import PROPERTIES, Property
from conformance.schedules.reduction import reduce
from conformance.schedules.subject import BINS, Failure, Subject, Tally
from conformance.verdict import Cell, Figures
from impls.scheduler import OPTAX, TIMM, Scheduler

ALL = (*PROPERTIES, *PERSISTENCE, *CALLS, *FURTHER)
BY_IDENTIFIER = {item.identifier: item for item in ALL}
DEVICE = "cpu"
NOT_ASKED = {
    TIMM: {"lr/reported": "it does not tell the learning rate",
           "resume/": "it keeps no last_epoch: the caller tells it the epoch"},
    OPTAX: {"lr/reported": "a function of the count tells nothing else",
            "groups/": "a function of the count knows no groups",
            "tensor/": "arrays are not written to",
            "state/weights-only": "its state is a count, which is pickled",
            "state/json": "its state is a count, which is pickled",
            "state/kept": "its state is a count, which is pickled",
            "resume/": "its state is a count, which is restored"},
}  # fmt: skip
"""Why schedulers of another kind are not asked, by the beginning of the property's name."""


@dataclass
class Judged:
    """What came of a property: the reduced failure, if there is one, and what was compared."""

    failure: Failure | None = None
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    digest: Digest = field(default_factory=Digest)
    """Of every case that was judged."""


def cell(entry: Scheduler, claim: Property) -> Cell:
    """Return the cell of a property of a scheduler."""
    path, dtype = ("count", "float32") if entry.interface == OPTAX else ("step()", "float64")
    return Cell(entry.name, path, DEVICE, dtype, claim.identifier)


def why_not(claim: Property, entry: Scheduler) -> str:
    """Return the reason why a scheduler is not asked, or nothing."""
    reasons = NOT_ASKED.get(entry.interface, {})
    other = next((reason for begin, reason in reasons.items() if claim.identifier.startswith(begin)), "")
    return claim.applies(entry) or other


def explore(
    subject: Subject,
    claim: Property,
    examples: int,
    seed: int,
    watch: Callable[[Case], None] = lambda _: None,
    known: Known = NOTHING,
) -> Judged:
    """Judge up to ``examples`` cases; the first failure that is not known ends it and is reduced."""
    judged, start = Judged(), time.perf_counter()

    def judge(case: Case, tally: Tally) -> Failure | None:
        failure = claim.judge(subject, case, tally) if known.leaves(case) else None
        return None if failure is None or known.explains(failure) else failure

    def cases() -> Iterator[Case]:
        yield from filter(known.leaves, claim.first(subject.entry))
        yield from draw(claim.draw(subject.entry).filter(known.leaves), examples, seed, to_plain)

    for case in cases():
        judged.digest.add(to_plain(case))
        tally = Tally()
        judged.failure = judge(case, tally)
        tally.cases += 1
        if judged.failure is None:
            watch(case)
            tally.outside = 0  # what is known is told as the deviation that it is
        judged.tally.add(tally)
        if judged.failure is not None:
            break
    if judged.failure is not None:
        judged.failure = reduce(judged.failure, lambda case: judge(case, Tally()))
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
