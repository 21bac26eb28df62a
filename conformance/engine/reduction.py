"""Makes a failing case smaller and simpler while it still fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from conformance.engine.claim import ONE_CASE, Claim, Moves, Plan, Subject
from conformance.engine.evidence import Failure, Stop, Tally
from impls.session import NotAsked, SuiteError, TargetError, WorkerFailure
from reference.undefined import Undefined


def reduced(subject: Subject, claim: Claim, failure: Failure, plan: Plan = ONE_CASE) -> Failure:
    """Return the failure of the smallest case found before the plan's patience ends; at worst the given one."""
    smallest, moves = failure, claim.kind.moves(subject, claim, failure)
    try:
        case = next(moves)
        for _ in range(claim.kind.trials(subject, failure)):
            if plan.patience.over:
                break
            start = time.monotonic()
            found = same(subject, claim, failure, case, plan)
            plan.patience.spend(time.monotonic() - start)
            smallest = found or smallest
            case = moves.send(found)
    except StopIteration:
        pass
    return smallest


def greedy(failure: Any, simpler: Callable[[Any], Iterable[Any]]) -> Moves:
    """Propose the simpler cases of a failure, and after each that still fails begin anew from it."""
    changed = True
    while changed:
        changed = False
        for case in simpler(failure):
            found = yield case
            if found is not None:
                failure, changed = found, True
                break


def same(subject: Subject, claim: Claim, failure: Failure, case: Any, plan: Plan = ONE_CASE) -> Failure | None:
    """Return the failure of a case that is like another, or nothing; what cannot be asked now is none."""
    try:
        found = failures_of(subject, claim, case, plan)
    except NotAsked:
        plan.patience.unasked += 1
        return None
    return next((item for item in found if item.likeness == failure.likeness), None)


def failures_of(subject: Subject, claim: Claim, case: Any, plan: Plan = ONE_CASE) -> list[Any]:
    """Return all failures of one case, the stop of its subject too; none where the formula has no value.

    Raises ``NotAsked`` where a question of the case has no answer.
    """
    tally = Tally()
    try:
        claim.run(subject, case, tally, plan)
    except SuiteError:
        return tally.failures  # an error of stepproof is no failure of what it judges
    except (TargetError, WorkerFailure) as error:
        stopped = claim.kind.stopped(subject, Stop(error, case))
        return [] if stopped is None else [stopped]
    except Undefined:
        return []
    return tally.failures
