"""A property of a scheduler: a claim whose cases are runs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hypothesis.strategies import SearchStrategy

from conformance.engine.claim import Claim, Kind, Plan
from conformance.engine.evidence import Evidence, Tally
from conformance.engine.exploration import Exploration
from conformance.engine.ledger import Entry
from conformance.engine.methods import LEARNING_RATE
from conformance.engine.verdict import Level
from conformance.schedulers import mutants, strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.schedule_kind import SCHEDULE
from conformance.schedulers.subject import SchedulerSubject, WrongReading
from impls.catalogue.scheduler_entries import FUNCTIONS, NUMPY, Scheduler

A_FUNCTION = "a function of the step has no life of its own"
JudgeCase = Callable[[SchedulerSubject, ScheduleCase, Tally], WrongReading | None]


@dataclass(frozen=True)
class SchedulerProperty:
    """A claim about schedulers: how cases are drawn, and what is compared."""

    identifier: str
    sentence: str
    source: str
    judge_case: JudgeCase
    draw: Callable[[Scheduler], SearchStrategy[ScheduleCase]] = strategies.of
    why_not: Callable[[Scheduler], str] = lambda _: ""
    """Says why a scheduler is not asked, or nothing."""
    share: float = 1.0
    first: Callable[[Scheduler], tuple[ScheduleCase, ...]] = lambda _: ()
    """Cases at the formula's boundaries that are judged before any other."""
    of_sort: Callable[[Scheduler], bool] = lambda _: True
    """Tells whether it is about this sort of scheduler at all."""
    not_asked: Mapping[str, str] = field(default_factory=dict)
    """Why schedulers that are driven in another way are not asked, by their interface."""
    needs: tuple[str, ...] = ()
    """Parts of the interface of torch's schedulers that are asked."""
    everywhere: bool = False
    """Its cases may have settings with which the scheduler is not judged otherwise."""
    measures_power: bool = False
    level: Level = Level.MUST
    methods: tuple[str, ...] = LEARNING_RATE
    of_functions: bool = False
    """It is about the learning rate as a function of t, or of metrics."""

    @property
    def kind(self) -> Kind:
        """Its cases are runs of a scheduler."""
        return SCHEDULE

    def concerns(self, subject: SchedulerSubject) -> bool:
        """Tell whether it is about this sort of scheduler."""
        return self.of_sort(subject.entry)

    def unpromised(self, subject: SchedulerSubject) -> str:
        """Return nothing: its schedule promises it."""
        return ""

    def applies(self, subject: SchedulerSubject) -> str:
        """Return why the property does not apply to ``subject``, or nothing."""
        if subject.entry.interface in {NUMPY, *FUNCTIONS} and not self.of_functions:
            return A_FUNCTION
        missing = [name for name in self.needs if name in subject.entry.lacks]
        if missing:
            return f"it has no {missing[0]}"
        return self.why_not(subject.entry) or self.not_asked.get(subject.entry.interface, "")

    def replayed_as(self, entry: Entry) -> Claim:
        """Return the property itself: a deviation shows where it is named."""
        return self

    def judge(self, subject: SchedulerSubject, plan: Plan) -> Evidence:
        """Judge cases until one fails; where mutants are tried, as many for each variant of the schedule."""
        exploration = Exploration(self.kind)
        tally = exploration.evidence.tally
        exploration.enough = lambda: bool(tally.failures)
        for alone in subject.variants() if self.measures_power else (subject,):

            def body(case: ScheduleCase, alone: SchedulerSubject = alone) -> None:
                self.run(alone, case, tally, plan)

            exploration.listed(filter(None if self.everywhere else alone.takes, self.first(alone.entry)), body)
            exploration.drawn(self.draw(alone.entry).filter(alone.takes), plan.cases, plan.seed, body)
        return exploration.evidence

    def run(self, subject: SchedulerSubject, case: ScheduleCase, tally: Tally, plan: Plan) -> None:
        """Judge one case; a failure that the plan explains is left out."""
        own = Tally(cases=1)
        failure = self.judge_case(subject, case, own)
        if failure is not None and not plan.explained(failure):
            own.failures.append(failure)
            own.outside = own.outside or failure.count
        else:
            own.outside = 0  # what is known is told as the deviation that it is
        if failure is None and plan.power is not None and self.measures_power:
            plan.power.at = case
            mutants.kill(plan.power, case)
        tally.add(own)
