"""Trial runs of an unknown scheduler: whether it has a schedule, in which form, and how far it is from it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import arb

from conformance.engine.drawing import draw
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.boundary_cases import at_the_boundaries
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, header
from conformance.schedulers.learning_rate import plan
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from impls.catalogue.written_entries import written
from impls.session import Session, TargetError
from reference.balls.number import Number
from reference.balls.schedule import closed_form
from reference.formats import FLOAT64
from reference.undefined import Undefined
from spec import schedules as book
from spec.schedule import Schedule, Setting

GROUPS = ((0.5,), (0.75, 0.3125), (1.0,))
"""Learning rates of the groups of each trial."""
LENGTHS = ((7, 11, 5, 4), (12, 9, 8, 3), (4, 17, 6, 2))
SHARES = ((0.5, 0.75, 0.25), (0.875, 0.3, 0.6), (0.7, 0.9, 0.1))
TABLE = (1.0, 0.5, 0.75, 0.25, 2.0)
MILESTONES = ((3, 7, 12), (2, 5), (4, 6, 9, 10))
STEPS = 40
OWN_SHARE = 0.75
"""What the settings of a second group are of those of the first."""
DRAWN = 8
"""Further cases in which a form must hold."""

Readings = list[list[Any]]


def trial_cases(entry: Scheduler) -> list[ScheduleCase]:
    """Return a few cases with settings all of which differ, the first ones with one group and with two."""
    options = next(entry.choices())
    if strategies.follows_metrics(entry):
        return list(at_the_boundaries(entry))[:12]
    schedule = book.build(entry.schedule, {**entry.options, **options})
    return [_case(entry, options, schedule, trial) for trial in range(len(GROUPS))]


def _case(entry: Scheduler, options: dict[str, str], schedule: Schedule, trial: int) -> ScheduleCase:
    base: tuple[float, ...] = GROUPS[trial]
    if entry.interface == OPTAX:
        base = base[:1]
    elif entry.single_base_lr:
        base = (base[0],) * len(base)
    lengths, shares = iter(LENGTHS[trial] * 3), iter(SHARES[trial] * 4)
    values = {h.keyword: _value(h, lengths, shares, trial) for h in schedule.hyperparameters if h.keyword != "lr"}
    values = schedule.consistent({**values, **entry.fixed})
    lowest = min(base) / 2
    below = {h.keyword for h in schedule.hyperparameters if h.below == "lr"}
    values = {name: min(value, lowest) if name in below else value for name, value in values.items()}
    factors = (TABLE * 20,) * len(base) if entry.tables else ()
    milestones = MILESTONES[trial] if entry.lists else ()
    node = SchedulerNode(entry.identifier, options, (values,) * len(base), milestones, factors)
    steps = min(2 * strategies.horizon(node) + 5, STEPS)
    if schedule.ends:
        steps = min(steps, int(values[schedule.ends]))
    return ScheduleCase(node, base, steps, 1)


def _value(setting: Setting, lengths: Iterator[int], shares: Iterator[float], trial: int) -> float:
    if setting.symbol.is_integer:
        if setting.multiplies or setting.keyword == "T_mult":
            return (1, 2, 3)[trial]
        return next(lengths)
    share = next(shares)
    if setting.between is not None:
        low, high = setting.between
        return (low + (high - low) * share / 2, setting.usual[-1] if setting.usual else high, high * share)[trial]
    if setting.usual:
        return setting.usual[trial % len(setting.usual)]
    return share


@dataclass
class Trials:
    """Trial runs in one session; what was run once is remembered by what was asked."""

    session: Session
    answers: dict[str, Any] = field(default_factory=dict)
    runs: int = 0
    errors: list[str] = field(default_factory=list)

    def readings(self, case: ScheduleCase, quantity: str = "used") -> Readings | None:
        """Return what was read at every step of a case, or nothing where the scheduler raises."""
        asked = header(case, plan(case))
        key = json.dumps(asked, sort_keys=True)
        if key not in self.answers:
            self.runs += 1
            try:
                self.answers[key] = self.session.request(asked).header
            except TargetError as error:
                self.answers[key] = {}
                self.errors.append(f"{error.kind}: {error.message}")
        found: Readings | None = self.answers[key].get(quantity)
        return found


def holds(trials: Trials, entry: Scheduler, cases: Sequence[ScheduleCase]) -> bool:
    """Tell whether every reading of some cases is legal for an entry, as it says that it computes."""
    for case in cases:
        used = trials.readings(case)
        if used is None or not all(_within(case, entry.computes, used, group) for group in range(len(case.base))):
            return False
    return True


def explains(trials: Trials, cases: Sequence[ScheduleCase]) -> bool:
    """Tell whether of every case some form has all readings of a group."""
    for case in cases:
        used = trials.readings(case)
        if used is None:
            return False
        for group in range(len(case.base)):
            if not any(_within(case, form, used, group) for form in legal.form_names(case.node.schedule)):
                return False
    return True


def _within(case: ScheduleCase, form: str, used: Readings, group: int) -> bool:
    values = [reading[group] for reading in used]
    if case.inputs:
        enclosed = legal.over_metrics(case, group)
        return all(any(n.contains(v) for n in numbers) for v, numbers in zip(values, enclosed, strict=True))
    try:
        numbers = legal.in_form(legal.settings(case, case.node, group), form, len(values))
        return all(_legal(value, number) for value, number in zip(values, numbers, strict=True))
    except Undefined:
        return False


def _legal(value: float, number: Number) -> bool:
    return math.isfinite(value) and bool(number.ball.is_finite()) and number.contains(value)


def distance(trials: Trials, cases: Sequence[ScheduleCase]) -> float:
    """Return how far readings are from the closed form: 0 where all agree, up to 1 for each reading."""
    total, count = 0.0, 0
    for case in cases:
        used = trials.readings(case)
        if used is None:
            return math.inf
        for group in range(len(case.base)):
            try:
                exact = [float(n.ball.mid()) for n in _exactly(case, group, len(used))]
            except Undefined:
                return math.inf
            for reading, right in zip(used, exact, strict=True):
                value, size = reading[group], abs(reading[group]) + abs(right)
                total += abs(value - right) / size if size > 0 and math.isfinite(size) else float(value != right)
                count += 1
    return total / max(count, 1)


def _exactly(case: ScheduleCase, group: int, count: int) -> list[Number]:
    if case.inputs:
        return [numbers[0] for numbers in legal.over_metrics(case, group)]
    return legal.exact(case, case.node, group, range(count))


def renamed(case: ScheduleCase, entry: Scheduler) -> ScheduleCase:
    """Return a case of another entry of the same arguments."""
    return dataclasses.replace(case, node=dataclasses.replace(case.node, scheduler=entry.identifier))


def more_cases(entry: Scheduler) -> list[ScheduleCase]:
    """Return drawn cases of one entry."""
    return list(draw(strategies.of(entry), DRAWN, 1))


def of_one_base(trials: Trials, case: ScheduleCase) -> bool:
    """Tell whether the groups of a case have one factor, each on its own lr, in products rounded once."""
    used = trials.readings(case)
    if used is None or len(set(case.base)) == 1:
        return False
    around = arb(1, FLOAT64.unit_roundoff)
    for reading in used:
        first, *others = (around * value / lr for value, lr in zip(reading, case.base, strict=True))
        if not all(first.overlaps(other) for other in others):
            return False
    return True


FAR = 2.0**-10
"""Further off, relatively, than any form of a formula is by its rounding: a reading there has another formula."""


def takes_lists(trials: Trials, entry: Scheduler) -> bool:
    """Tell whether an entry is built where groups have settings of their own, or is not built for several at all."""
    shared = next((case for case in trial_cases(entry) if len(case.base) > 1), None)
    own = set(shared.node.schedule.per_group) - {"lr"} if shared else set()
    if shared is None or not own:
        return True
    first = shared.node.settings[0]
    scaled = {name: OWN_SHARE * value if name in own else value for name, value in first.items()}
    settings = (first, *(scaled,) * (len(shared.base) - 1))
    apart = dataclasses.replace(shared, node=dataclasses.replace(shared.node, settings=settings))
    return trials.readings(apart) is not None or trials.readings(shared) is None


def far_off(trials: Trials, case: ScheduleCase) -> bool:
    """Tell whether a case cannot be run, or some reading is nowhere near the formula."""
    used = trials.readings(case)
    if used is None:
        return True
    if case.inputs:
        return False
    try:
        for group in range(len(case.base)):
            known = legal.settings(case, case.node, group, exact=True)
            right = closed_form(known, range(len(used)))
            if any(
                not abs(reading[group] - float(number.ball.mid())) <= FAR * max(case.base)
                for reading, number in zip(used, right, strict=True)
            ):
                return True
    except Undefined:
        return True
    return False


def in_some_form(trials: Trials, entry: Scheduler, cases: Sequence[ScheduleCase]) -> Scheduler | None:
    """Return an entry with the first form in which some cases hold, or nothing."""
    if any(far_off(trials, case) for case in cases):
        return None
    schedule = cases[0].node.schedule
    for form in legal.form_names(schedule):
        other = written(dataclasses.replace(entry, computes=form))
        if holds(trials, other, [renamed(case, other) for case in cases]):
            return other
    return None
