"""Training from end to end as claims: every step of a tutorial's course is judged twice."""

from __future__ import annotations

import dataclasses

import msgspec

from conformance.engine.claim import Claim, Kind, Moves, Plan, Told
from conformance.engine.evidence import RAISED, Evidence, Exhibit, Stop, Tally
from conformance.engine.exploration import Exploration
from conformance.engine.ledger import Entry
from conformance.engine.methods import STEP
from conformance.engine.stored_case import StoredCases
from conformance.engine.verdict import Level
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case
from conformance.optimizers.rule_kind import RULE
from conformance.optimizers.subject import WorkerSubject
from conformance.training.cases import TrainingCase, TrainingFailure
from conformance.training.experiment import STEPS_OF_REPORT, compared, settings_of
from conformance.training.problems import PROBLEMS
from conformance.training.script import script


class TrainingKind(StoredCases[TrainingCase]):
    """The kind of a case that is a course of training."""

    name = "training"
    cases = TrainingCase
    most_findings = 3

    def fits(self, subject: WorkerSubject, claim: TrainingClaim, case: TrainingCase) -> bool:
        """Tell whether a case is of the claim's problem and has the settings of the subject's rule."""
        names = {h.symbol.name for h in subject.rules[()].hyperparameters}
        return case.problem == claim.problem and set(case.settings) == names

    def stopped(self, subject: WorkerSubject, stop: Stop) -> TrainingFailure | None:
        """Return the failure that a stop at a case is."""
        if stop.case is None:
            return None
        nothing = Outside(Case((), ()), RAISED, 0, 0, {}, {}, (float("nan"),) * 2, float("nan"))
        return TrainingFailure(stop.case, nothing, stop.fact)

    def trials(self, subject: WorkerSubject, failure: TrainingFailure) -> int:
        """Return how many simpler cases are tried."""
        return 2

    def moves(self, subject: WorkerSubject, claim: TrainingClaim, failure: TrainingFailure) -> Moves:
        """Propose the steps up to the one that failed."""
        yield dataclasses.replace(failure.case, steps=int(failure.seen.scalars.get("t", 1.0)))

    def confirms(self, subject: WorkerSubject, claim: TrainingClaim, failure: TrainingFailure) -> str:
        """Return how an exact computation confirms the step that failed; nothing where it does not."""
        return "seen directly" if failure.said else RULE.confirms(subject, claim, failure.seen)

    def tell(self, subject: WorkerSubject, claim: TrainingClaim, failure: TrainingFailure) -> Told:
        """Return what a finding says of the step that failed."""
        course = {"problem": failure.case.problem, "steps": failure.case.steps}
        if failure.said:
            return Told(RAISED, course, ("no exception", "no exception"), failure.said)
        told = RULE.tell(subject, claim, failure.seen)
        return dataclasses.replace(told, table={**told.table, **course})

    def script(self, subject: WorkerSubject, claim: TrainingClaim, failure: TrainingFailure) -> str:
        """Return the script of the smallest steps that show it again, or of the whole course."""
        return script(subject, failure)


TRAINING: Kind = TrainingKind()


@dataclasses.dataclass(frozen=True)
class TrainingClaim:
    """Every step of a course of training is what the formula makes of it.

    Without a learning rate the course has one that trains the problem in a few steps.
    """

    problem: str
    steps: int = STEPS_OF_REPORT
    learning_rate: float | None = None
    share: float = 1.0
    measures_power: bool = False
    level: Level = Level.MUST
    of_settings: bool = False
    compares_runs: bool = False
    methods: tuple[str, ...] = STEP

    @property
    def identifier(self) -> str:
        """The problem, among the claims of training."""
        return f"training/{self.problem}"

    @property
    def sentence(self) -> str:
        """What is so of every step."""
        return (
            f"{PROBLEMS[self.problem]().title}: every step of the training lies in its enclosure, from where it "
            "stood and from the start."
        )

    source = "the rule's own citation, along the gradients of a tutorial's model"

    @property
    def kind(self) -> Kind:
        """Its cases are courses of training."""
        return TRAINING

    def concerns(self, subject: WorkerSubject) -> bool:
        """Tell whether a tutorial would train with it: an optimizer of torch, in its usual formats."""
        item = subject.implementation
        first = item.paths[0].name == subject.path.name and subject.storage.name == "float32"
        return first and item.framework == "torch" and subject.device == "cpu"

    def unpromised(self, subject: WorkerSubject) -> str:
        """Return nothing: its formula promises it."""
        return ""

    def applies(self, subject: WorkerSubject) -> str:
        """Return why it does not apply, or nothing."""
        item, rule = subject.implementation, subject.rules.get(())
        if item.adapts:
            return "its steps call the function themselves: the clauses of searches speak of it"
        if item.gradient != "dense":
            return "it takes sparse gradients alone, and a tutorial's are dense"
        if rule is None or rule.ranks[0] > 1:
            return "its formula is judged for matrices alone: a tutorial's model has parameters of one dimension too"
        return "its elements count for each other: agreement judges whole tensors" if not rule.elementwise else ""

    def replayed_as(self, entry: Entry) -> Claim:
        """Return the claim itself."""
        return self

    def judge(self, subject: WorkerSubject, plan: Plan) -> Evidence:
        """Judge one course with settings that train in a few steps."""
        settings = settings_of(subject.rules[()], self.problem, self.learning_rate)
        case = TrainingCase(self.problem, self.steps, {**settings, **subject.fixed})
        exploration = Exploration(self.kind)
        tally = exploration.evidence.tally
        exploration.listed([case], lambda one: self.run(subject, one, tally, plan))
        return exploration.evidence

    def run(self, subject: WorkerSubject, case: TrainingCase, tally: Tally, plan: Plan) -> None:
        """Judge one course and add it to ``tally``; its curves are an exhibit."""
        rule = subject.implementation.rule
        shown, failures = compared(case.problem, rule, subject, case.settings, case.steps)
        run = shown.runs[0]
        tally.cases += 1
        tally.element_cases += shown.parameters * case.steps
        tally.values += run.values
        tally.undecided += run.undecided
        for outside in failures:
            failure = TrainingFailure(case, outside)
            if not plan.explained(failure):
                tally.fail(failure)
        shown = dataclasses.replace(shown, runs=(dataclasses.replace(run, cell=subject.cell(self.identifier)),))
        tally.exhibits.append(Exhibit("training", msgspec.to_builtins(shown)))


CLAIMS: tuple[TrainingClaim, ...] = tuple(TrainingClaim(name) for name in PROBLEMS)
