"""Values of settings for which a formula is defined: a scheduler that refuses one says less than its formula."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hypothesis import strategies as st

from conformance.engine import methods
from conformance.engine.drawing import draw
from conformance.engine.evidence import Tally
from conformance.engine.verdict import Level
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.subject import Actions, SchedulerSubject, WrongReading, raised
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import TargetError
from spec import schedules as book
from spec.schedule import Setting

BUILT: Actions = [["read"]]
CONSTRUCT = "construct"


def legal_values(setting: Setting) -> list[float]:
    """Return values of a setting that its domain holds: its edges, its limits, usual ones and one between."""
    middle = [sum(setting.between) / 2] if setting.between else []
    some = [*setting.edges, *setting.limits, *setting.usual, *middle, setting.default]
    if setting.symbol.is_integer:
        some = [int(value) for value in (*some, 2, 7)]
    return sorted({value for value in some if value in setting.domain})


def with_value(case: ScheduleCase, keyword: str, value: float) -> ScheduleCase:
    """Return a case in which a setting has a value, and the others have what it leaves them."""
    settings = tuple(case.node.schedule.consistent({**values, keyword: value}) for values in case.node.settings)
    return dataclasses.replace(case, node=dataclasses.replace(case.node, settings=settings), steps=1)


def probes(entry: Scheduler) -> Iterator[tuple[str, float, ScheduleCase]]:
    """Yield for every setting that can be given each of its legal values in a case of its own."""
    if entry.composed:
        return
    plain = dataclasses.replace(entry, accepted={})
    (case,) = draw(strategies.of(plain), 1, 0)
    case = dataclasses.replace(case, base=(1.0,), inputs=case.inputs[:1], lr_dtype="")
    one = dataclasses.replace(case.node, settings=case.node.settings[:1], factors=case.node.factors[:1])
    for keyword, setting in strategies.settable(entry, next(entry.choices())).items():
        if keyword == "lr":
            continue
        for value in legal_values(setting):
            if setting.below == "lr" and value > 1.0:
                continue
            made = with_value(dataclasses.replace(case, node=one), keyword, value)
            if made.node.settings[0][keyword] == value:
                yield keyword, value, made


def accepted_ranges(subject: SchedulerSubject) -> dict[str, tuple[float, float]]:
    """Return for each setting of which a legal value is refused the range of those around it that are not."""
    answers: dict[str, list[tuple[float, bool]]] = {}
    for keyword, value, case in probes(subject.entry):
        answers.setdefault(keyword, []).append((value, not refused(subject, case)))
    known = {h.keyword: h for h in book.build(subject.entry.schedule, subject.entry.options).hyperparameters}
    found = {}
    for keyword, seen in answers.items():
        taken = [value for value, ok in seen if ok]
        if taken and len(taken) < len(seen):
            domain = known[keyword].domain
            low = domain.low if seen[0][1] else min(taken)
            high = domain.high if seen[-1][1] else max(taken)
            found[keyword] = (low, high)
    return found


def refused(subject: SchedulerSubject, case: ScheduleCase) -> bool:
    """Tell whether the constructor raises."""
    answer = subject.outcome(case, BUILT)
    return isinstance(answer, TargetError) and answer.where == CONSTRUCT


def taken(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Build the scheduler: a legal value is no error."""
    answer = subject.outcome(case, BUILT)
    tally.element_cases += 1
    tally.values += 1
    if isinstance(answer, TargetError) and answer.where == CONSTRUCT:
        tally.outside += 1
        return raised(case, BUILT, answer, "the formula is defined there: it is built")
    return None


def _all(entry: Scheduler) -> tuple[ScheduleCase, ...]:
    return tuple(case for _, _, case in probes(entry))


def _has_settings(entry: Scheduler) -> str:
    return "" if any(probes(entry)) else "it has no setting of its own"


PROPERTIES = (
    SchedulerProperty(
        "settings/legal",
        "Every value of a setting for which the formula is defined is taken.",
        "the domain of the setting",
        taken,
        lambda _: st.nothing(),
        _has_settings,
        first=_all,
        of_sort=lambda entry: entry.any_form,
        everywhere=True,
        level=Level.SHOULD,
        methods=methods.CONSTRUCTOR_OF_SCHEDULER,
    ),
)
