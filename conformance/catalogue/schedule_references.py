"""The references of schedules as schedulers: functions of t, judged in this process like anybody's code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.entries import FACTORS, MILESTONES
from conformance.schedulers.subject import Actions, SchedulerSubject
from impls.catalogue.scheduler_entries import NUMPY, Scheduler
from impls.session import Session, TargetError
from reference.schedules import Reference, momenta, references


@dataclass(frozen=True)
class FunctionSubject(SchedulerSubject):
    """The reference of a schedule, called in this process; a group is a call of its own."""

    def run(self, case: ScheduleCase, actions: Actions) -> dict[str, Any]:
        """Run a case; raises ``TargetError`` where the reference raises anything."""
        times, metrics = read_at(actions)
        name = self.entry.schedule
        used = _transposed([self._called(references()[name], case, group, times, metrics) for group in _groups(case)])
        cycled = [[None] * len(case.base) for _ in times]
        if name in momenta():
            cycled = _transposed([self._called(momenta()[name], case, group, times, []) for group in _groups(case)])
        return {"used": used, "group": used, "last": [], "momentum": cycled, "epoch": [], "notes": {}}

    def _called(
        self, reference: Reference, case: ScheduleCase, group: int, times: Sequence[float], metrics: Sequence[float]
    ) -> list[Any]:
        """Return what a reference has for a group: at the times, or after so many metrics."""
        node = case.node
        settings = {**node.settings[group], "lr": case.base[group]}
        given = {MILESTONES: node.milestones, FACTORS: node.factors[group] if node.factors else ()}
        follows, options = node.schedule.follows_metrics, node.schedule.options
        try:
            values = reference(options, settings, given, metrics if follows else times)
        except Exception as error:
            raise TargetError("step", type(error).__name__, str(error)) from error
        return [values[int(time)] for time in times] if follows else values


def read_at(actions: Actions) -> tuple[list[float], list[float]]:
    """Return the times of the readings of a run, and the metrics that it is given.

    Raises ``ValueError`` for an action that a function does not have.
    """
    now, times, metrics = 0.0, [], []
    for name, *given in actions:
        if name == "run":
            times += [now + step for step in range(given[0])]
            now += given[0]
        elif name == "read":
            times.append(now)
        elif name == "metrics":
            times += [now + step for step in range(1, len(given[0]) + 1)]
            now += len(given[0])
            metrics += given[0]
        elif name == "epochs":
            times += given[0]
            now = given[0][-1]
        else:
            raise ValueError(f"a function of t has no action {name!r}; give run, read, metrics or epochs")
    return times, metrics


def _groups(case: ScheduleCase) -> range:
    return range(len(case.base))


def _transposed(groups: list[list[Any]]) -> list[list[Any]]:
    """Return readings of all groups, of what each group has at all readings."""
    return [list(reading) for reading in zip(*groups, strict=True)]


def scheduler_subject(entry: Scheduler, session: Session) -> SchedulerSubject:
    """Return what is judged: a reference in this process, or a scheduler behind its worker."""
    return (FunctionSubject if entry.interface == NUMPY else SchedulerSubject)(entry, session)
