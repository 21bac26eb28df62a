"""The enclosures of a schedule: of its closed form, and of its recurrence with its rounding propagated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reference.balls.error_model import ErrorModel
from reference.balls.formula import Given, Place, compiled
from reference.balls.number import Number
from spec.schedule import Schedule, base
from spec.schedule_forms import rewritten

BASE = base.name


@dataclass(frozen=True, eq=False)
class ScheduleSettings:
    """A schedule's hyperparameters by keyword, and what the user gives as functions of t.

    ``tensor`` names the keywords whose value is a tensor, of the model's storage.
    """

    schedule: Schedule
    values: Mapping[str, float]
    functions: Mapping[str, Given] = field(default_factory=dict)
    model: ErrorModel = field(default_factory=ErrorModel)
    tensor: frozenset[str] = frozenset()
    base: Number | None = None
    """The base learning rate, where it is no setting."""

    def with_base(self, base: Number) -> ScheduleSettings:
        """Return the settings with another base learning rate."""
        return dataclasses.replace(self, base=base)

    def place(self) -> Place:
        """Return where the schedule's expressions are evaluated."""
        known = {
            h.symbol.name: self.model.given(
                Number.exactly(
                    int(self.values[h.keyword]) if h.symbol.is_integer else float(self.values[h.keyword]),
                    tensor=h.keyword in self.tensor,
                )
            )
            for h in self.schedule.hyperparameters
        }
        if self.base is not None:
            known[BASE] = self.base
        return Place(known, self.functions, self.model)


def closed_form(
    settings: ScheduleSettings, times: Iterable[float], *, momentum: bool = False, form: str = ""
) -> Iterator[Number]:
    """Yield the enclosure of the closed form at each time; a fractional time is an epoch.

    ``form`` names another way to compute it: one that the schedule lists, or a rewriting.  Raises ``Undefined`` where
    the formula has no value and ``ValueError`` for a momentum that the schedule has not.
    """
    schedule = settings.schedule
    expression = schedule.momentum if momentum else schedule.closed
    if form in schedule.forms:
        expression = schedule.forms[form][1 if momentum else 0]
    elif form and expression is not None:
        expression = rewritten(expression, form)
    if expression is None:
        raise ValueError(f"{schedule.label} cycles no momentum; give momentum=False")
    function, place = compiled(expression), settings.place()
    for time in times:
        place.values["t"] = Number.exactly(time)
        yield function(place)


def recurrence(
    settings: ScheduleSettings, steps: int, *, start: int = 0, first: Number | None = None
) -> Iterator[Number]:
    """Yield the enclosure of the recurrence at t = start, start + 1, ..., its rounding propagated.

    ``first`` is the value at ``start``, where it is not the schedule's own beginning.
    """
    rule = settings.schedule.recurrence
    if rule is None:
        raise ValueError(f"{settings.schedule.label} has no recurrence; ask for its closed form")
    function, place = compiled(rule.step), settings.place()
    place.values["t"] = Number.exactly(start)
    current = first or compiled(rule.start)(place)
    for time in range(start, start + steps):
        if time > start:
            place.values["t"], place.values["eta"] = Number.exactly(time), current
            current = function(place)
        yield current
