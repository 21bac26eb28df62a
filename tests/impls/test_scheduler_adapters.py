"""Schedulers of other libraries are called as their documentation says, whether or not they are installed."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from typing import Any

import pytest

from conformance.cli import main
from conformance.report.assembly import _profile
from conformance.schedulers import enclosures as legal
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, described, header, keywords
from conformance.schedulers.script_torch import script
from conformance.schedulers.subject import WrongReading
from impls.catalogue.scheduler_entries import Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS
from impls.worker.timm_scheduler import Counted
from reference.balls.schedule_profile import ScheduleProfile
from reference.formats import FLOAT32


class Told:
    """Stands in for a scheduler of timm: remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def step(self, *given: Any) -> None:
        self.told.append(given)

    def state_dict(self) -> dict[str, Any]:
        return {"told": self.told}


def test_a_scheduler_of_timm_is_told_the_epoch_that_comes() -> None:
    """Without an argument it is told 1, 2, ...; a metric stands behind the epoch; the count is no state."""
    counted = Counted(Told())
    counted.step()
    counted.step(metric=0.5)
    counted.step(7)
    assert counted.scheduler.told == [(1,), (2, 0.5), (7,)]
    assert counted.state_dict() == {"told": counted.scheduler.told}


def test_a_length_that_includes_the_warm_up_is_summed() -> None:
    """transformers takes the whole run; what it cannot be given is left out."""
    settings = {"warmup": 3, "T_max": 7, "eta_min": 0.0}
    node = SchedulerNode("transformers.get_cosine_schedule_with_warmup", settings=(settings,))
    assert keywords(node, (0.5,)) == {"num_warmup_steps": 3, "num_training_steps": 10}


def test_optax_takes_the_learning_rate_a_ratio_and_pairs() -> None:
    """The base is an argument of the function, the lowest value a share of it, milestones have scales."""
    cosine = SchedulerNode("optax.cosine_decay_schedule", settings=({"T_max": 9, "eta_min": 0.25},))
    assert keywords(cosine, (0.5,)) == {"init_value": 0.5, "decay_steps": 9, "alpha": 0.5}
    steps = SchedulerNode("optax.piecewise_constant_schedule", settings=({"gamma": 0.5},), milestones=(2, 5))
    assert keywords(steps, (1.0,))["boundaries_and_scales"] == [[2, 0.5], [5, 0.5]]
    joined = SchedulerNode("optax.join_schedules", parts=(cosine, steps), milestones=(4,))
    assert described(joined, (1.0,))["keywords"] == {"boundaries": [4]}
    assert header(ScheduleCase(joined, (1.0,)), [["read"]])["op"] == "schedule_optax"


@pytest.mark.parametrize("name", ["optax.exponential_decay, staircase", "timm.StepLRScheduler"])
def test_the_script_of_a_finding_is_a_program(name: str) -> None:
    """The script names the library's own function and parses."""
    entry = next(item for item in OTHER_SCHEDULERS if item.identifier == name)
    node = SchedulerNode(name, settings=({"step_size": 41, "gamma": 0.5},))
    failure = WrongReading(
        ScheduleCase(node, (1.0,)), [["run", 41], ["read"]], "the learning rate", 1.0, (0.5, 0.5), ""
    )
    text = script(failure)
    ast.parse(text)
    assert entry.target.rpartition(":")[2] in text


@pytest.mark.parametrize("entry", [*SCHEDULERS, *OTHER_SCHEDULERS], ids=lambda entry: entry.identifier)
def test_every_scheduler_declares_its_arithmetic(entry: Scheduler) -> None:
    """The profile of every entry is one, and optax's schedules alone compute in float32."""
    profile = ScheduleProfile.from_mapping(entry.profile)
    assert profile.scalar == ("float32" if entry.library == "optax" else "float64")
    assert _profile(entry).endswith(f", {profile}")


def test_a_schedule_is_judged_in_the_arithmetic_of_its_entry() -> None:
    """A case of an entry with a profile is enclosed in that, one without in the host's."""
    case = ScheduleCase(SchedulerNode("optax.constant_schedule", settings=({},)), (0.5,))
    assert legal.arithmetic(case, case.node).host is FLOAT32
    assert legal.arithmetic(case, case.node).function_units == 8
    plain = ScheduleCase(SchedulerNode("torch.StepLR", settings=({"step_size": 2, "gamma": 0.5},)), (0.5,))
    assert legal.arithmetic(plain, plain.node).function_units == 2


@pytest.mark.parametrize(
    ("declared", "error", "words"),
    [
        ({"units": 4.0}, ValueError, "has no `units`; it has: flush, functions, reciprocal, scalar"),
        ({"scalar": "float8"}, ValueError, "cannot compute in `float8`; give float64"),
        ({"functions": 0.25}, ValueError, "within 0.25 units; give 0.5 or more"),
        ({"flush": "yes"}, TypeError, "cannot be 'yes'; give True or False"),
    ],
    ids=str,
)
def test_an_arithmetic_that_there_is_not_is_refused(
    declared: dict[str, Any], error: type[Exception], words: str
) -> None:
    """An unknown key or value of a scheduler's profile is refused with those that there are."""
    with pytest.raises(error, match=words):
        ScheduleProfile.from_mapping(declared)


@pytest.mark.skipif(find_spec("transformers") is not None, reason="transformers is installed")
def test_a_library_that_is_not_installed_is_said_to_be_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Judging a scheduler whose library is missing ends with status 2 and says what to install."""
    assert main(["check", "transformers.get_wsd_schedule"]) == 2
    assert "pip install 'stepproof[transformers]'" in " ".join(capsys.readouterr().err.split())
