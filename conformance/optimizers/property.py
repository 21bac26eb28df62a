"""A property of a rule's formula: a claim whose cases are steps of an optimizer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st

from conformance.engine.claim import Claim, Kind, Plan
from conformance.engine.coverage import Coverage
from conformance.engine.evidence import Evidence, Tally
from conformance.engine.exploration import Exploration
from conformance.engine.ledger import Entry
from conformance.engine.methods import STEP
from conformance.engine.verdict import Level
from conformance.optimizers import large_tensors, profile_search, targeting
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.raising_ends import end_that_raises, without_its_lower_end
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.strategies import beside_thresholds
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule

SMALL, SMALLEST, SETTINGS, LEAST_SETTINGS = 256, 64, 150, 40
JudgeCase = Callable[[WorkerSubject, Case, tuple[Prepared, ...], Tally, Plan], None]
Strategy = Callable[[WorkerSubject, Plan], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Property:
    """A claim that is checked on an implementation, step by step."""

    identifier: str
    sentence: str
    source: str
    strategy: Strategy
    judge_case: JudgeCase
    needs: Callable[[WorkerSubject], str] = lambda _: ""
    """Returns why it does not apply to a subject, or an empty string."""
    promised: Callable[[WorkerSubject], str] = lambda _: ""
    """Returns why nobody promises it of a subject, of which it then only should hold, or an empty string."""
    speaks_of: Callable[[UpdateRule], bool] = lambda _: True
    """Tells whether it is about a rule: it may be about decoupled decay alone."""
    level: Level = Level.MUST
    otherwise: str = ""
    """The reason given where it is about none of a subject's rules."""
    share: float = 0.05
    every_variant: bool = False
    """Whether its cases are shared out among the variants of a subject's rule."""
    of_settings: bool = False
    """Whether the settings belong to the claim, and so stay as they are when a case is reduced."""
    compares_runs: bool = False
    """Whether it compares two runs of the implementation itself, bit for bit."""
    measures_power: bool = False
    """Whether further cases are drawn: small ones with many settings, and for mutants that survive."""

    methods: tuple[str, ...] = STEP
    in_arithmetic: Property | None = None
    """Where deviations in arithmetic show best, if not here."""

    @property
    def kind(self) -> Kind:
        """Its cases are steps of a rule."""
        return RULE

    def concerns(self, subject: WorkerSubject) -> bool:
        """Return True: it is about every optimizer."""
        return True

    def unpromised(self, subject: WorkerSubject) -> str:
        """Return why nobody promises it of ``subject``, or nothing."""
        return self.promised(subject)

    def applies(self, subject: WorkerSubject) -> str:
        """Return why the property does not apply to ``subject``, or nothing."""
        if not any(self.speaks_of(rule) for rule in subject.rules.values()):
            return self.otherwise
        return self.needs(subject)

    def replayed_as(self, entry: Entry) -> Claim:
        """Return the property in which an entry shows: for one about arithmetic, that where it shows best, if any."""
        best = self.in_arithmetic
        return best if entry.narrows and best is not None and entry.speaks_of(best.identifier) else self

    def judge(self, subject: WorkerSubject, plan: Plan) -> Evidence:
        """Judge the property on drawn cases, once more where a wider profile explains what is outside."""
        before = plan.power.counts() if plan.power is not None else {}
        evidence = self._explored(subject, plan)
        while evidence.tally.failures and profile_search.widen(subject, evidence.tally.failures):
            if plan.power is not None:
                plan.power.withdraw(before)
            evidence = self._explored(subject, plan)
        name = "" if evidence.stop is None else end_that_raises(subject, evidence.stop)
        if not name:
            return evidence
        rules = {key: without_its_lower_end(rule, name) for key, rule in subject.rules.items()}
        rest = self._explored(dataclasses.replace(subject, rules=rules), plan)
        return dataclasses.replace(rest, stop=evidence.stop)

    def _explored(self, subject: WorkerSubject, plan: Plan) -> Evidence:
        concerned = {key: rule for key, rule in subject.rules.items() if self.speaks_of(rule)}
        subject = dataclasses.replace(subject, rules=concerned)
        exploration = Exploration(RULE, refuses=subject.refuses)
        coverage = Coverage() if self.measures_power and plan.power is not None else None
        plan = dataclasses.replace(plan, coverage=coverage)
        self._explore(exploration, subject, plan)
        if coverage is not None:
            exploration.evidence.tally.exhibits.extend(coverage.exhibits(subject.storage.name))
        return exploration.evidence

    def _explore(self, exploration: Exploration, subject: WorkerSubject, plan: Plan) -> None:
        """Judge the cases that are drawn, and those that are listed."""
        body = partial(self._body, exploration, subject, plan)
        if self.every_variant:
            each = max(4, plan.cases // len(subject.rules))
            for alone in subject.variants():
                exploration.drawn(self.strategy(alone, plan), each, plan.seed, body)
            return
        exploration.drawn(self.strategy(subject, plan), plan.cases, plan.seed, body)
        if self.measures_power:
            exploration.listed(beside_thresholds(subject.rules, subject.fixed), body)
            self._sharpen(exploration, subject, plan)

    def _sharpen(self, exploration: Exploration, subject: WorkerSubject, plan: Plan) -> None:
        """Draw what tells mutants from the rule, and as many element-cases as are asked for."""
        body = partial(self._body, exploration, subject, plan)
        if plan.power is not None:
            many = max(LEAST_SETTINGS, SETTINGS // len(subject.rules))
            for alone in subject.variants():
                small = self.strategy(alone, dataclasses.replace(plan, size=SMALL))
                exploration.drawn(small, many, plan.seed + 1, body)
        if plan.power is not None and plan.steer:
            for alone in subject.variants():
                tiny = self.strategy(alone, dataclasses.replace(plan, size=SMALLEST))
                targeting.explore(exploration, alone, tiny, plan.seed + 2, plan.power, body)
        if plan.least:
            without = dataclasses.replace(plan, power=None, coverage=None)
            body = partial(self._body, exploration, subject, without)
            large_tensors.fill(exploration, subject, plan.least, plan.seed + 3, body)

    def _body(self, exploration: Exploration, subject: WorkerSubject, plan: Plan, case: Case) -> None:
        self.run(subject, case, exploration.evidence.tally, plan)

    def run(self, subject: WorkerSubject, case: Case, tally: Tally, plan: Plan) -> None:
        """Judge the property on one case; failures that the plan explains are left out."""
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        failures, outside = len(tally.failures), tally.outside
        if plan.power is not None:
            plan.power.at = case
        self.judge_case(subject, case, prepared, tally, plan)
        new = [failure for failure in tally.failures[failures:] if not plan.explained(failure)]
        tally.failures[failures:] = new
        if not new:
            tally.outside = outside
