"""What a case's learning rates may legally be: an enclosure for every step of every group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise

from flint import arb

from conformance.schedulers.cases import ScheduleCase, SchedulerNode, boundaries
from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE
from reference.balls import operations as op
from reference.balls.error_model import EXACT, ErrorModel
from reference.balls.kept_values import kept_factors, kept_sums
from reference.balls.metric_machine import learning_rates
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings, closed_form, recurrence
from reference.balls.schedule_profile import ScheduleProfile
from reference.formats import FORMATS
from reference.undefined import Undefined
from spec.schedule import Schedule
from spec.schedule_forms import KEPT_FACTORS, KEPT_SUMS, homogeneous, other_forms

SOME = Number(arb(1, 2.0**-290))
"""One, but not known to be exact, so that every operation on it is rounded."""
FROM_GROUP = frozenset({"lr"})
KEPT = {KEPT_FACTORS: kept_factors, KEPT_SUMS: kept_sums}
"""What a scheduler may keep from step to step instead of the recurrence of its schedule."""


def functions(node: SchedulerNode, group: int) -> Mapping[str, Callable[[int], float]]:
    """Return the functions of t that a node is given, for a group; they raise ``Undefined`` outside."""
    table = node.factors[group] if node.factors else ()
    places = (0, *node.milestones)

    def at(place: int) -> float:
        if not 0 <= place < len(table):
            raise Undefined(f"a table of {len(table)} factors has none at {place}")
        return table[place]

    return {
        "f": at,
        "n": lambda t: sum(m <= t for m in node.milestones),
        "b": lambda i: places[min(i, len(node.milestones))],
        "s": lambda i: at(i - 1),
    }


def arithmetic(case: ScheduleCase, node: SchedulerNode) -> ErrorModel:
    """Return how far a node's operations may be off by the profile that its entry declares."""
    tensor = FORMATS[case.lr_dtype] if case.lr_dtype else None
    return ScheduleProfile.from_mapping(node.entry.profile).error_model(tensor)


def settings(case: ScheduleCase, node: SchedulerNode, group: int, *, exact: bool = False) -> ScheduleSettings:
    """Return a node's settings for a group."""
    values = {**node.settings[group], "lr": case.base[group]}
    tensor = FROM_GROUP if case.lr_dtype else frozenset()
    model = EXACT if exact else arithmetic(case, node)
    return ScheduleSettings(node.schedule, values, functions(node, group), model, tensor)


def stepped(case: ScheduleCase, group: int, steps: int) -> list[Number]:
    """Return the enclosures of the steps 0, 1, ... of a case in the arithmetic that it declares."""
    return _series(case, case.node, group, steps)


def _series(
    case: ScheduleCase,
    node: SchedulerNode,
    group: int,
    steps: int,
    base: Number | None = None,
    *,
    handed_over: bool = False,
) -> list[Number]:
    """Return the enclosures of a node; one that is ``handed_over`` to begins with its closed form at 0."""
    if node.entry.schedule == "sequence":
        return _sequence(case, node, group, steps)
    if node.entry.schedule == "chain":
        return _chain(case, node, group, steps)
    known = settings(case, node, group)
    if base is not None:
        known = known.with_base(base)
    if node.entry.computes == RECURRENCE and handed_over:
        form = "" if node.entry.at_epoch == CLOSED else node.entry.at_epoch
        return list(recurrence(known, steps, first=next(closed_form(known, [0], form=form))))
    return list(in_form(known, node.entry.computes, steps))


def in_form(known: ScheduleSettings, form: str, steps: int) -> Iterator[Number]:
    """Yield the enclosures of the steps 0, 1, ... as a form has them: closed, recurrent, kept, or another one."""
    if form in KEPT:
        return KEPT[form](known, steps)
    if form == RECURRENCE:
        return recurrence(known, steps)
    return closed_form(known, range(steps), form=_form(form))


def form_names(schedule: Schedule) -> list[str]:
    """Return the names of all forms of a schedule, those of the catalogue first."""
    if schedule.machine is not None:
        return [RECURRENCE]
    found = [CLOSED, *([RECURRENCE] if schedule.recurrence is not None else []), *schedule.forms]
    return [*found, *([KEPT_FACTORS] if homogeneous(schedule) else []), KEPT_SUMS, *other_forms(schedule)]


def explained(case: ScheduleCase, group: int, values: Sequence[float], times: Sequence[float]) -> bool:
    """Tell whether one form of the formula has all of some values at their times, which are whole where it recurs."""
    known = settings(case, case.node, group)
    stepped_through = [int(time) for time in times] == [*range(len(times))]
    for form in form_names(case.node.schedule):
        recurs = form in {RECURRENCE, *KEPT}
        if recurs and not stepped_through:
            continue
        with suppress(Undefined):
            numbers = in_form(known, form, len(times)) if recurs else closed_form(known, times, form=_form(form))
            if all(_holds(case, number, value) for number, value in zip(numbers, values, strict=True)):
                return True
    return False


def _form(name: str) -> str:
    return "" if name == CLOSED else name


def _holds(case: ScheduleCase, number: Number, value: float) -> bool:
    ball = stored(case, number)
    return math.isfinite(value) and bool(ball.is_finite()) and bool(ball.contains(arb(value)))


def _sequence(case: ScheduleCase, node: SchedulerNode, group: int, steps: int) -> list[Number]:
    """Each part runs from its milestone to the next, from its own beginning."""
    found: list[Number] = []
    ends = [0, *boundaries(node), steps]
    for place, (part, (begin, end)) in enumerate(zip(node.parts, pairwise(ends), strict=True)):
        length = min(end, steps) - min(begin, steps)
        later = place > 0 and begin > 0
        found += _series(case, part, group, length, handed_over=later) if length > 0 else []
    return found


def _chain(case: ScheduleCase, node: SchedulerNode, group: int, steps: int) -> list[Number]:
    """The product of the parts: each multiplies what the others left."""
    model = arithmetic(case, node)
    tensor = bool(case.lr_dtype)
    some = Number(SOME.ball, tensor=tensor)
    series = [_series(case, part, group, steps, some) for part in node.parts]
    base = Number.exactly(case.base[group], tensor=tensor)
    return [op.product(model, [base, *factors], []) for factors in zip(*series, strict=True)]


def momenta(case: ScheduleCase, group: int, steps: int) -> list[Number]:
    """Return the enclosures of the momentum at the steps 0, 1, ..."""
    form = case.node.entry.computes
    form = "" if form in {CLOSED, RECURRENCE, *KEPT} else form
    return list(closed_form(settings(case, case.node, group), range(steps), momentum=True, form=form))


def at_epochs(case: ScheduleCase, group: int, epochs: Iterable[float], *, formula: bool = False) -> list[Number]:
    """Return the enclosures of the closed form at epochs, which need not be whole or in order.

    It is computed in the form that the scheduler declares, or with ``formula`` as it is written.
    """
    node = case.node
    form = "" if formula or node.entry.at_epoch == CLOSED else node.entry.at_epoch
    return list(closed_form(settings(case, node, group), epochs, form=form))


def continued(case: ScheduleCase, group: int, start: float, steps: int, first: Number) -> list[Number]:
    """Return the enclosures of the steps from ``start`` on, at which it has the value ``first``.

    A recurrence starts from a whole number.
    """
    known, entry = settings(case, case.node, group), case.node.entry
    if entry.computes in {RECURRENCE, KEPT_FACTORS}:
        return list(recurrence(known, steps, start=int(start), first=first))
    form = "" if entry.computes in {CLOSED, KEPT_SUMS} else entry.computes
    return list(closed_form(known, [start + step for step in range(steps)], form=form))


def over_metrics(case: ScheduleCase, group: int) -> list[list[Number]]:
    """Return what may be in force before the first metric and after each."""
    return list(learning_rates(settings(case, case.node, group), case.inputs))


def exact(case: ScheduleCase, node: SchedulerNode, group: int, times: Iterable[float]) -> list[Number]:
    """Return the formula's own values at some times."""
    return list(closed_form(settings(case, node, group, exact=True), times))


def stored(case: ScheduleCase, number: Number) -> arb:
    """Return what a group may hold of a number: rounded once more where its lr is a tensor."""
    return arithmetic(case, case.node).stored(number) if case.lr_dtype else number.ball
