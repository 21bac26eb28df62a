"""Schedulers that no catalogue describes are read right, the right ones conform and the wrong ones are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import claims
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.verdict import Verdict
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.scheduler import own_scheduler, read_as
from conformance.schedulers.entries import named
from impls.catalogue.scheduler_entries import DAMPENING, MULTIPLIER, RATE, TIMM, Scheduler
from impls.session import Session
from tests.builders import results_of

HERE = Path(__file__).parent
RIGHT, WRONG = HERE / "right_schedulers.py", HERE / "wrong_schedulers.py"
ALL = claims.identifiers(SCHEDULERS)
CONFORMS = {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.DEVIATION}
STRANGERS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "HalfAngleCosine": ("cosine", {"after": "periodic", "end": "T"}, {"T_max": "total_steps", "eta_min": "min_lr"}),
    "PassesEverythingOn": ("cosine", {"after": "periodic", "end": "T"}, {"T_max": "total_steps", "eta_min": "min_lr"}),
    "RootTakenOut": ("inverse_sqrt", {"scale": "peak", "first": "zero"}, {"warmup": "warmup_steps"}),
    "ExponentOfAProduct": ("exponential", {"over": "step"}, {"gamma": "decay_rate"}),
    "FactorKept": ("step", {}, {"step_size": "decay_every", "gamma": "drop"}),
    "RateKept": ("exponential", {"over": "step"}, {}),
    "SumKept": ("warmup", {"into": "constant", "first": "zero", "clock": "restart"}, {"warmup": "num_warmup"}),
    "WeightsOfBoth": ("cosine", {"after": "hold", "end": "T"}, {"T_max": "max_epochs", "eta_min": "final_lr"}),
    "ByMilestones": ("multi_step", {"boundary": "at"}, {"gamma": "decay_rate"}),
    "ToldTheStep": ("polynomial", {"end": "zero"}, {"total_iters": "max_iters"}),
    "WarmupAround": ("warmup", {"into": "cosine", "first": "zero", "clock": "restart"}, {"warmup": "warmup_epochs"}),
    "Dampening": ("warmup", {"into": "constant", "first": "share", "clock": "restart"}, {"warmup": "warmup_period"}),
    "OnLoss": (
        "plateau",
        {"mode": "min", "threshold_mode": "rel", "share": "magnitude"},
        {"factor": "decay_factor", "patience": "wait"},
    ),
    "warmup_then_cosine": (
        "warmup",
        {"into": "cosine", "first": "zero", "clock": "restart"},
        {"warmup": "warmup_steps"},
    ),
    "PeakOfAllGroups": ("one_cycle", {"anneal": "cos", "phases": "two", "joints": "share"}, {"max_lr": "peak"}),
    "noam": ("inverse_sqrt", {"scale": "peak", "first": "one"}, {}),
    "polynomial_factor": ("polynomial", {"end": "zero"}, {"total_iters": "max_steps"}),
    "cosine_at": (
        "cosine",
        {"after": "hold", "end": "T"},
        {"T_max": "max_steps", "eta_min": "min_lr", "lr": "base_lr"},
    ),
}
"""What each right scheduler is: its schedule, the options that it has, and what it calls settings."""
DRIVEN = {"ToldTheStep": TIMM, "Dampening": DAMPENING, "polynomial_factor": MULTIPLIER, "cosine_at": RATE}


def read(name: str, session: Session) -> Scheduler:
    """Return a right scheduler as it is read, with no option said; once in a session."""
    return session.remember(name, lambda: own_scheduler(f"{RIGHT}:{name}", STRANGERS[name][0], {}, session))


@pytest.mark.parametrize("name", STRANGERS)
def test_a_right_scheduler_is_read_and_conforms(name: str, session: Session) -> None:
    """Options, names and the way to step are found by trial runs, and no property accuses it."""
    schedule, options, keywords = STRANGERS[name]
    entry = read(name, session)
    assert (entry.schedule, dict(entry.options), entry.interface) == (schedule, options, DRIVEN.get(name, "torch"))
    assert {ours: theirs for ours, theirs in entry.keywords.items() if theirs} == keywords
    results = results_of(SchedulerUnit(entry, ALL, 2, 0, draw=False), session)
    assert [(r.cell.property, r.reason) for r in results if r.verdict not in CONFORMS] == []
    passing = {result.cell.property for result in results if result.verdict is Verdict.PASS}
    assert passing >= {"lr/in-force", "lr/range"}


def test_what_was_found_out_is_said(session: Session) -> None:
    """One line names the schedule with its options, and what is called how."""
    said = read_as(read("warmup_then_cosine", session))
    assert "warmup(clock=restart, first=zero, into=cosine)" in said
    assert "warmup + T_max is `total_steps`" in said
    assert "eta_min is 0, which it cannot be given" in said
    assert "computed as sums kept from step to step" in read_as(read("SumKept", session))


@pytest.mark.parametrize(
    "name", ["OneLate", "EndsOneEarly", "Degrees", "SinglePrecision", "OneBaseForAll", "EndsBelowZero"]
)
def test_a_wrong_scheduler_is_found_as_a_stranger(name: str, session: Session) -> None:
    """No form of the formula and no other way to read its arguments makes it right."""
    entry = own_scheduler(f"{WRONG}:{name}", "cosine", {"after": "periodic", "end": "T"}, session)
    asked = "lr/range" if name == "EndsBelowZero" else "lr/in-force"
    (result,) = results_of(SchedulerUnit(entry, (asked,), 6, 0, draw=False), session)
    assert result.verdict is Verdict.FAIL, result.reason
    assert result.findings


STRANGE = """
from torch.optim.lr_scheduler import LRScheduler


class DecaysStrictly(LRScheduler):
    def __init__(self, optimizer, gamma, last_epoch=-1):
        if not 0 < gamma < 1:
            raise ValueError(f"gamma={gamma} is not in (0, 1)")
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class NeedsAFile(LRScheduler):
    def __init__(self, optimizer, path):
        raise FileNotFoundError(f"there is no {path}")


NOTHING = 3
"""


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of schedulers that refuse something."""
    path = tmp_path_factory.mktemp("strange") / "strange_schedulers.py"
    path.write_text(STRANGE)
    return path


def test_a_legal_setting_that_is_refused_is_one_finding(strange: Path, session: Session) -> None:
    """A scheduler that refuses gamma = 1 should take it; all else is judged where it does not refuse."""
    entry = own_scheduler(f"{strange}:DecaysStrictly", "exponential", {}, session)
    assert entry.accepted["gamma"][1] < 1.0
    results = results_of(SchedulerUnit(entry, ALL, 3, 0, draw=False), session)
    failing = {result.cell.property for result in results if result.verdict is Verdict.FAIL}
    assert failing == {"settings/legal"}
    assert claims.BY_IDENTIFIER[SCHEDULERS]["settings/legal"].level.value == "should"


@pytest.mark.parametrize(
    ("name", "words"), [("NeedsAFile", "FileNotFoundError"), ("NOTHING", "no class and no function")]
)
def test_what_cannot_be_built_is_no_verdict(strange: Path, session: Session, name: str, words: str) -> None:
    """A target that no trial can build is refused in one sentence that says what its own error was."""
    with pytest.raises(NotJudgeableError, match=words):
        own_scheduler(f"{strange}:{name}", "cosine", {}, session)


def test_a_written_entry_is_its_own_name(session: Session) -> None:
    """Whoever has the identifier of a stranger's entry has the entry, as a stored case does."""
    entry = read("warmup_then_cosine", session)
    assert named(entry.identifier) == entry
    assert entry.name == f"{RIGHT}:warmup_then_cosine"


def test_what_torchs_base_class_raises_is_not_the_subclasss(session: Session) -> None:
    """A group added later stops every subclass in torch's own line, which is known; one that stops in its own fails."""
    right = own_scheduler(f"{WRONG}:Cosine", "cosine", {}, session)
    wrong = own_scheduler(f"{WRONG}:StopsAtANewGroup", "cosine", {}, session)
    (known,) = results_of(SchedulerUnit(right, ("groups/added",), 3, 0, draw=False), session)
    (found,) = results_of(SchedulerUnit(wrong, ("groups/added",), 3, 0, draw=False), session)
    assert (known.verdict, known.deviation) == (Verdict.DEVIATION, "torch-group-added-later")
    assert found.verdict is Verdict.FAIL, found.reason
