"""A run in each of two processes that train together: the schedule is the one of a process alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers.cases import ScheduleCase, header
from conformance.schedulers.learning_rate import plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.subject import AS_PROCESS, RATE, Actions, SchedulerSubject, WrongReading, raised, same
from impls.catalogue.scheduler_entries import OPTAX
from impls.session import Answer, SuiteError, TargetError


def in_two(subject: SchedulerSubject, case: ScheduleCase, actions: Actions) -> Iterator[dict[str, Any] | TargetError]:
    """Yield what a run comes to in each of two processes."""
    pair = subject.session, subject.session.companion
    for session in pair:  # one that is still starting would keep the other waiting in the group
        session.request(header(case, actions))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        store = str(Path(folder) / "store")
        asked = [{**header(case, actions), AS_PROCESS: {"rank": rank, "store": store}} for rank in (0, 1)]
        futures = [pool.submit(session.request, asked_of) for session, asked_of in zip(pair, asked, strict=True)]
        try:
            ended = [_ended(future) for future in futures]
        except BaseException:
            for session in pair:  # one would wait in vain for the other
                session.kill()
            raise
    if not any(isinstance(end, TargetError) for end in ended):
        for end in ended:
            if isinstance(end, SuiteError):
                raise end
    yield from (end for end in ended if not isinstance(end, SuiteError))


def _ended(future: Future[Answer]) -> dict[str, Any] | TargetError | SuiteError:
    """Return an answer, or the error of the scheduler or of stepproof with which it ended."""
    try:
        return future.result().header
    except (TargetError, SuiteError) as error:
        return error


def together(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Make the same run in one process and in each of two, and compare bit for bit."""
    actions = plan(case)
    alone = subject.outcome(case, actions)
    if isinstance(alone, TargetError):
        tally.leave_open()
        return None
    for rank, answer in enumerate(in_two(subject, case, actions)):
        made: Actions = [[AS_PROCESS, rank], *actions]
        if isinstance(answer, TargetError):
            return raised(case, made, answer, "the run that one process makes")
        tally.element_cases += len(answer["used"]) * len(case.base)
        failure = same(case, made, tally, RATE, answer["used"], alone["used"], "what it is in one process")
        if failure:
            return failure
    return None


PROPERTIES = (
    SchedulerProperty(
        "distributed/processes",
        "In each of two processes that train together a schedule goes on as in one.",
        "torch, DistributedDataParallel: every process makes the steps of one",
        together,
        share=0.2,
        not_asked={OPTAX: "the count is the optimizer's own"},
        methods=methods.ORDER,
    ),
)
