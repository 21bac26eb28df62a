"""What the properties of schedulers claim to catch is caught, and a right scheduler is not accused."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.installation import probe
from conformance.schedules.findings import finding
from conformance.schedules.judging import BY_IDENTIFIER, Judged, cell, explore, why_not
from conformance.schedules.script import script
from conformance.schedules.subject import Subject
from impls import schedulers as catalogue
from impls.libraries import LIBRARIES
from impls.scheduler import CLOSED, OPTAX, RECURRENCE, Scheduler
from impls.schedulers import SCHEDULERS, claiming
from impls.session import Session

HERE = Path(__file__).parent / "wrong_schedulers.py"
COMPILED = Path(__file__).parent / "wrong_functions.py"
EXAMPLES = 12
Run = Callable[[str], object]
PYTHON = os.environ.get("STEPPROOF_LIBRARIES")
"""An interpreter that has optax; without it, that of the tests."""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all tests."""
    with Session() as worker:
        yield worker


OTHERS: dict[str, tuple[str, dict[str, str], str]] = {
    "CountsFromOne": ("multi_step", {"boundary": "at"}, RECURRENCE),
    "MomentumWithTheRate": ("one_cycle", {"joints": "share"}, CLOSED),
    "CyclesByQuotient": ("cosine_restarts", {"cycles": "equal"}, CLOSED),
    "MissesFarRestarts": ("cosine_restarts", {}, CLOSED),
    "TakesANegativeMetricForBetter": ("plateau", {"share": "magnitude"}, RECURRENCE),
    "KeepsWhatTheLastPartLeft": ("sequence", {}, CLOSED),
    "StumblesOverMetrics": ("sequence", {}, CLOSED),
}
"""What those claim that are no cosine: schedule, options and arithmetic."""


def judged(session: Session, name: str, claim: str) -> Judged:
    """Judge one property of a scheduler of the file beside."""
    entry = claiming(f"{HERE}:{name}", *OTHERS.get(name, ("cosine", {}, CLOSED)))
    assert not why_not(BY_IDENTIFIER[claim], entry)
    return explore(Subject(entry, session), BY_IDENTIFIER[claim], EXAMPLES, 0)


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("OneLate", "lr/in-force"),
        ("EndsOneEarly", "lr/in-force"),
        ("Degrees", "lr/in-force"),
        ("SinglePrecision", "lr/in-force"),
        ("OneBaseForAll", "lr/in-force"),
        ("OneBaseForAll", "groups/independent"),
        ("ForgetsItsState", "state/pickle"),
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
def test_a_mistake_is_found(session: Session, name: str, claim: str) -> None:
    """Each wrong scheduler fails the property that speaks of its mistake."""
    assert judged(session, name, claim).failure is not None


def test_arguments_that_are_misunderstood_are_found(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cycle that is one step too long where its length is given in epochs fails that property alone."""
    torchs = next(item for item in SCHEDULERS if item.identifier == "torch.OneCycleLR")
    entry = dataclasses.replace(torchs, identifier="one step more", target=f"{HERE}:OneStepMore")
    monkeypatch.setattr(catalogue, "OTHERS", (*catalogue.OTHERS, entry))
    found = {
        claim: explore(Subject(entry, session), BY_IDENTIFIER[claim], EXAMPLES, 0).failure
        for claim in ("lr/in-force", "settings/otherwise")
    }
    assert found["lr/in-force"] is None
    assert found["settings/otherwise"] is not None


def test_a_function_that_is_wrong_once_compiled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of the count that jax.jit changes keeps lr/in-force and fails lr/compiled."""
    with Session(PYTHON) as worker:
        if reason := probe(LIBRARIES["optax"], worker)[1]:
            pytest.skip(f"optax: {reason}")
        entry = Scheduler("a wrong function", f"{COMPILED}:late_once_compiled", "exponential",
                          options={"over": "period"}, keywords={"lr": "init_value", "gamma": "decay_rate"},
                          interface=OPTAX, library="optax", framework="jax")  # fmt: skip
        monkeypatch.setattr(catalogue, "OTHERS", (*catalogue.OTHERS, entry))
        found = {
            claim: explore(Subject(entry, worker), BY_IDENTIFIER[claim], EXAMPLES, 0).failure
            for claim in ("lr/in-force", "lr/compiled")
        }
    assert found["lr/in-force"] is None
    assert found["lr/compiled"] is not None


@pytest.mark.parametrize(
    "claim",
    ["lr/in-force", "lr/reported", "lr/range", "groups/independent", "groups/other-keys", "state/pickle",
     "state/json", "resume/last-epoch", "tensor/in-force", "tensor/kept", "epoch/closed-form", "order/steps",
         "epoch/then-steps", "epoch/counted"],
)  # fmt: skip
def test_a_right_scheduler_is_not_accused(session: Session, claim: str) -> None:
    """The cosine without a mistake keeps every property."""
    result = judged(session, "Cosine", claim)
    assert result.failure is None
    assert result.tally.values > 0


def test_a_failure_is_made_small(session: Session) -> None:
    """The first wrong value of the scheduler that is one step late is shown with one group of lr 1."""
    failure = judged(session, "OneLate", "lr/in-force").failure
    assert failure is not None
    assert failure.case.base == (1.0,)
    assert failure.case.steps <= 3


def _script(session: Session, name: str, claim: str, entry: Scheduler) -> str:
    failure = explore(Subject(entry, session), BY_IDENTIFIER[claim], 60, 0).failure
    assert failure is not None, name
    return finding(failure, BY_IDENTIFIER[claim], cell(entry, BY_IDENTIFIER[claim])).script


@pytest.mark.parametrize(
    ("name", "claim"),
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
def test_a_script_shows_its_finding_with_torch_alone(
    session: Session, shows: Run, name: str, claim: str
) -> None:
    """The script of a finding shows it in a process that knows nothing of this project."""
    entry = next(item for item in SCHEDULERS if item.identifier == name)
    shows(_script(session, name, claim, entry))


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("OneLate", "lr/in-force"),
        ("KeepsAnEnum", "state/weights-only"),
        ("ForgetsItsState", "state/pickle"),
        ("TakesAKey", "state/kept"),
        ("ChangesTheDecay", "groups/other-keys"),
        ("ReplacesTheTensor", "tensor/kept"),
        ("DividesByTheLowest", "settings/edges"),
    ],
)
def test_a_script_shows_a_wrong_scheduler_and_not_a_right_one(
    session: Session, shows: Run, shows_not: Run, name: str, claim: str
) -> None:
    """Whatever kind of thing is wrong, the script shows it, and nothing with the right class in its place."""
    failure = judged(session, name, claim).failure
    assert failure is not None
    text = script(failure)
    shows(text)
    shows_not(text.replace(f"module.{name}", "module.Cosine"))


def test_a_composition_that_is_accepted_is_shown_and_a_refusal_is_not(
    session: Session, shows: Run, shows_not: Run
) -> None:
    """Where an exception is what is right, the script shows that none came, and none of it where one does."""
    claim = BY_IDENTIFIER["compose/plateau"]
    entry = claiming(f"{HERE}:StumblesOverMetrics", *OTHERS["StumblesOverMetrics"])
    failure = explore(Subject(entry, session), claim, EXAMPLES, 0).failure
    assert failure is not None
    accepted = dataclasses.replace(failure, error="")
    head, text = "def schedule(optimizer):", script(accepted)
    shows(text.replace(head, f"{head}\n    return lr_scheduler.ConstantLR(optimizer)"))
    shows_not(text.replace(head, f"{head}\n    raise ValueError"))
