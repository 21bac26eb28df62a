"""Which of several places that show the steps made is the one that a step reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from conformance.engine.drawing import draw
from conformance.engine.evidence import Tally
from conformance.optimizers import agreement
from conformance.optimizers.prepared import prepare
from conformance.optimizers.strategies import local_cases
from conformance.optimizers.subject import worker_subject
from impls.catalogue.entries import Implementation
from impls.devices import HOST
from impls.session import Session, TargetError
from reference.formats import FLOAT32
from reference.undefined import Undefined

CASES, SIZE, SEED = 6, 8, 0


def decisive(entry: Implementation, shared: Sequence[str], session: Session) -> Implementation:
    """Return the entry with the count of whose setting fewest values are outside: its own, or those that are shared."""
    if not shared or entry.counter is None:
        return entry
    other = dataclasses.replace(entry, counter=shared[0], counters_beside=tuple(shared[1:]), played=True)
    return min((entry, other), key=lambda each: _outside(each, session))


def _outside(entry: Implementation, session: Session) -> float:
    """Return how many values of steps from some counts are outside."""
    subject = worker_subject(entry, entry.paths[0], HOST, FLOAT32, session)
    subject, tally = subject.with_profile(subject.widest_profile), Tally()
    for case in draw(local_cases(subject.rules, subject.fixed, SIZE), CASES, SEED):
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        try:
            with np.errstate(all="ignore"):
                agreement.judge(case, prepared, subject.run(case, prepared), subject, tally)
        except (TargetError, Undefined):
            continue
    return tally.outside if tally.values else float("inf")
