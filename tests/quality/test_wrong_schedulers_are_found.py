"""What the properties of schedulers claim to catch is caught, and a right scheduler is not accused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.engine.claim import Plan
from conformance.engine.evidence import Evidence
from conformance.engine.findings import confirmed_findings, findings_of
from conformance.engine.judging import verdict
from conformance.engine.reduction import reduced
from conformance.engine.verdict import Verdict
from conformance.report.wording import fault
from conformance.schedulers.script_torch import script
from conformance.schedulers.subject import SchedulerSubject, WrongReading
from impls import libraries
from impls.catalogue.scheduler_entries import CLOSED, OPTAX, RECURRENCE, Scheduler
from impls.libraries import claiming
from impls.session import Session
from tests.builders import scheduler, scheduler_claim

HERE = Path(__file__).parent / "wrong_schedulers.py"
COMPILED = Path(__file__).parent / "wrong_functions.py"
Run = Callable[[str], object]
PLAN, MORE = Plan(12, 0, 0), Plan(60, 0, 0)


OTHERS: dict[str, tuple[str, dict[str, str], str]] = {
    "CountsFromOne": ("multi_step", {"boundary": "at"}, RECURRENCE),
    "MomentumWithTheRate": ("one_cycle", {"joints": "share"}, CLOSED),
    "CyclesByQuotient": ("cosine_restarts", {"cycles": "equal"}, CLOSED),
    "MissesFarRestarts": ("cosine_restarts", {}, CLOSED),
    "TakesANegativeMetricForBetter": ("plateau", {"share": "magnitude"}, RECURRENCE),
    "KeepsTheBest": ("plateau", {"share": "signed"}, RECURRENCE),
    "ReducesTheFirstGroups": ("plateau", {"share": "signed"}, RECURRENCE),
    "KeepsWhatTheLastPartLeft": ("sequence", {}, CLOSED),
    "StumblesOverMetrics": ("sequence", {}, CLOSED),
}
"""What those claim that are no cosine: schedule, options and arithmetic."""


def judged(session: Session, name: str, identifier: str) -> Evidence:
    """Judge one property of a scheduler of the file beside."""
    entry = claiming(f"{HERE}:{name}", *OTHERS.get(name, ("cosine", {}, CLOSED)))
    subject, asked = SchedulerSubject(entry, session), scheduler_claim(identifier)
    assert asked.concerns(subject)
    assert not asked.applies(subject)
    return asked.judge(subject, PLAN)


def failing(entry: Scheduler, session: Session, *identifiers: str) -> list[str]:
    """Return which of some properties a scheduler fails; each of them judged something."""
    found = {name: scheduler_claim(name).judge(SchedulerSubject(entry, session), PLAN) for name in identifiers}
    assert all(evidence.stop is None and evidence.tally.values for evidence in found.values())
    return [name for name, evidence in found.items() if evidence.tally.failures]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("OneLate", "lr/in-force"),
        ("EndsOneEarly", "lr/in-force"),
        ("Degrees", "lr/in-force"),
        ("SinglePrecision", "lr/in-force"),
        ("OneBaseForAll", "lr/in-force"),
        ("OneBaseForAll", "groups/independent"),
        ("ForgetsItsState", "state/pickle"),
        ("StepsOnByTheCount", "state/loaded-over"),
        ("KeepsTheBest", "state/loaded-over"),
        ("LeavesNewGroups", "groups/added-scheduled"),
        ("FirstBaseForNewGroups", "groups/added-scheduled"),
        ("ReducesTheFirstGroups", "groups/added-scheduled"),
        ("StepsForEveryProcess", "distributed/processes"),
        ("StandsInTheSecondProcess", "distributed/processes"),
        ("TellsTheBase", "lr/reported"),
        ("ChangesTheDecay", "groups/other-keys"),
        ("ReplacesTheTensor", "tensor/kept"),
        ("CountsOptimizerSteps", "order/steps"),
        ("ForgetsTheEpoch", "epoch/then-steps"),
        ("CountsElsewhere", "epoch/counted"),
        ("MissesFarRestarts", "epoch/restarts"),
        ("CyclesByQuotient", "lr/restarts"),
        ("StopsAtANewGroup", "groups/added"),
        ("CountsFromOne", "lr/first"),
        ("EndsBelowZero", "lr/range"),
        ("MomentumWithTheRate", "momentum/in-force"),
        ("KeepsAnEnum", "state/weights-only"),
        ("KeepsAnEnum", "state/json"),
        ("TakesAKey", "state/kept"),
        ("StartsAnew", "resume/last-epoch"),
        ("RoundsTensors", "tensor/in-force"),
        ("OneEpochOff", "epoch/closed-form"),
        ("Cosine", "horizon/limits"),
        ("DividesByTheLowest", "settings/edges"),
        ("TakesANegativeMetricForBetter", "plateau/improvement"),
        ("KeepsWhatTheLastPartLeft", "compose/order"),
        ("StumblesOverMetrics", "compose/plateau"),
    ],
)
def test_a_mistake_is_found(session: Session, name: str, identifier: str) -> None:
    """Each wrong scheduler fails the property that speaks of its mistake."""
    evidence = judged(session, name, identifier)
    assert evidence.stop is None
    assert evidence.tally.failures


def test_arguments_that_are_misunderstood_are_found(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle that is one step too long where its length is given in epochs fails that property alone."""
    torchs = scheduler("torch.OneCycleLR")
    entry = dataclasses.replace(torchs, identifier="one step more", target=f"{HERE}:OneStepMore")
    monkeypatch.setattr(libraries, "OTHER_SCHEDULERS", (*libraries.OTHER_SCHEDULERS, entry))
    assert failing(entry, session, "lr/in-force", "settings/otherwise") == ["settings/otherwise"]


@pytest.mark.library("optax")
def test_a_function_that_is_wrong_once_compiled_is_found(
    library_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function of the count that jax.jit changes keeps lr/in-force and fails lr/compiled."""
    like = scheduler("optax.exponential_decay")
    entry = Scheduler(
        "a wrong function",
        f"{COMPILED}:late_once_compiled",
        "exponential",
        options={"over": "period"},
        keywords={"lr": "init_value", "gamma": "decay_rate"},
        profile=like.profile,
        interface=OPTAX,
        library="optax",
        framework="jax",
    )
    monkeypatch.setattr(libraries, "OTHER_SCHEDULERS", (*libraries.OTHER_SCHEDULERS, entry))
    assert failing(entry, library_session, "lr/in-force", "lr/compiled") == ["lr/compiled"]


@pytest.mark.parametrize(
    "identifier",
    [
        "lr/in-force",
        "lr/reported",
        "lr/range",
        "groups/independent",
        "groups/other-keys",
        "state/pickle",
        "state/json",
        "resume/last-epoch",
        "tensor/in-force",
        "tensor/kept",
        "epoch/closed-form",
        "order/steps",
        "epoch/then-steps",
        "epoch/counted",
        "state/loaded-over",
        "distributed/processes",
    ],
)
def test_a_right_scheduler_is_not_accused(session: Session, identifier: str) -> None:
    """The cosine without a mistake keeps every property."""
    evidence = judged(session, "Cosine", identifier)
    assert evidence.stop is None
    assert not evidence.tally.failures
    assert evidence.tally.values > 0


def test_groups_that_are_added_may_be_scheduled_or_refused(session: Session) -> None:
    """A cosine with a base for every group passes; one that refuses a new group says so in groups/added alone."""
    evidence = judged(session, "OfItsOwnBases", "groups/added-scheduled")
    assert evidence.tally.values
    assert not evidence.tally.failures
    refusing = judged(session, "StopsAtANewGroup", "groups/added-scheduled")
    assert not refusing.tally.values
    assert set(refusing.tally.inapplicable) == {"it refuses a group that is added later, of which groups/added tells"}


def test_a_state_that_json_cannot_hold_is_not_asked_of_json(session: Session) -> None:
    """A Counter comes back as something else: the property does not apply, and the reason says why."""
    subject, asked = SchedulerSubject(scheduler("torch.MultiStepLR"), session), scheduler_claim("state/json")
    evidence = asked.judge(subject, MORE)
    result = verdict(subject, asked, subject.cell("state/json"), evidence, MORE)
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert result.reason == "in every case its state has content that JSON cannot hold"
    assert result.figures.cases == MORE.cases


def test_a_failure_is_made_small(session: Session) -> None:
    """The first wrong value of the scheduler that is one step late is shown with one group of lr 1."""
    (failure,) = judged(session, "OneLate", "lr/in-force").tally.failures
    subject = SchedulerSubject(failure.case.node.entry, session)
    smallest = reduced(subject, scheduler_claim("lr/in-force"), failure)
    assert isinstance(smallest, WrongReading)
    assert smallest.case.base == (1.0,)
    assert smallest.case.steps <= 3


def _script(session: Session, name: str, identifier: str) -> str:
    subject, asked = SchedulerSubject(scheduler(name), session), scheduler_claim(identifier)
    failures = asked.judge(subject, MORE).tally.failures
    (found,) = confirmed_findings(subject, asked, subject.cell(identifier), failures, MORE)
    return found.script


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("torch.StepLR", "resume/last-epoch"),
        ("torch.CyclicLR", "state/kept"),
        ("torch.LambdaLR", "tensor/groups"),
        ("torch.SequentialLR", "compose/sequence-first"),
        ("torch.SequentialLR", "compose/sequence-later"),
        ("torch.SequentialLR", "compose/chain-first"),
        ("torch.SequentialLR", "compose/chain-later"),
        ("torch.SequentialLR", "compose/multiplicative-later"),
        ("torch.SequentialLR", "compose/cycle-later"),
        ("torch.ChainedScheduler", "compose/cosine-in-chain"),
    ],
)
def test_a_script_shows_its_finding_with_torch_alone(session: Session, shows: Run, name: str, identifier: str) -> None:
    """The script of a finding shows it in a process that knows nothing of this project."""
    shows(_script(session, name, identifier))


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("OneLate", "lr/in-force"),
        ("KeepsAnEnum", "state/weights-only"),
        ("ForgetsItsState", "state/pickle"),
        ("TakesAKey", "state/kept"),
        ("ChangesTheDecay", "groups/other-keys"),
        ("ReplacesTheTensor", "tensor/kept"),
        ("DividesByTheLowest", "settings/edges"),
        ("StepsOnByTheCount", "state/loaded-over"),
        ("LeavesNewGroups", "groups/added-scheduled"),
        ("StepsForEveryProcess", "distributed/processes"),
        ("StandsInTheSecondProcess", "distributed/processes"),
    ],
)
def test_a_script_shows_a_wrong_scheduler_and_not_a_right_one(
    session: Session, shows: Run, shows_not: Run, name: str, identifier: str
) -> None:
    """Whatever kind of thing is wrong, the script shows it, and nothing with the right class in its place."""
    (failure,) = judged(session, name, identifier).tally.failures
    text = script(failure)
    shows(text)
    shows_not(text.replace(f"module.{name}", "module.OfItsOwnBases"))


def test_a_composition_that_is_accepted_is_shown_and_a_refusal_is_not(
    session: Session, shows: Run, shows_not: Run
) -> None:
    """Where an exception is what is right, the script shows that none came, and none of it where one does."""
    (failure,) = judged(session, "StumblesOverMetrics", "compose/plateau").tally.failures
    accepted = dataclasses.replace(failure, error="")
    head, text = "def schedule(optimizer):", script(accepted)
    shows(text.replace(head, f"{head}\n    return lr_scheduler.ConstantLR(optimizer)"))
    shows_not(text.replace(head, f"{head}\n    raise ValueError"))


@pytest.mark.parametrize(
    ("name", "identifier", "words"),
    [
        ("OneLate", "lr/in-force", "the learning rate is outside what any legal evaluation can return"),
        ("MomentumWithTheRate", "momentum/in-force", "the momentum is outside what any legal evaluation can return"),
        ("DividesByTheLowest", "settings/edges", "it raises ZeroDivisionError: float division by zero"),
        ("ChangesTheDecay", "groups/other-keys", "the keys weight_decay of a group: expected left as they were"),
        ("TellsTheBase", "lr/reported", "get_last_lr is not what the optimizer used at this step"),
        ("ForgetsItsState", "state/pickle", "the learning rate is not what the run has that was not interrupted"),
        ("TakesAKey", "state/kept", "the keys T_max of the state: expected left in the state"),
        ("StumblesOverMetrics", "compose/plateau", "it raises KeyError: 'best'"),
    ],
)
def test_a_headline_says_what_is_wrong(session: Session, name: str, identifier: str, words: str) -> None:
    """An exception, a missing key, a momentum: the first line of a finding names it."""
    asked, (failure,) = scheduler_claim(identifier), judged(session, name, identifier).tally.failures
    subject = SchedulerSubject(failure.case.node.entry, session)
    (finding,) = findings_of(subject, asked, subject.cell(identifier), [failure])
    assert fault(finding) == words
