"""Every experiment runs on a device that is not the host, and sees there what it sees on the host."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import impls.worker
from conformance.contract.clauses import CLAUSES
from conformance.engine.claim import Claim, Plan
from conformance.engine.evidence import Evidence
from conformance.optimizers.properties import PROPERTIES
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.recognition.optimizer import recognise
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import HOST
from impls.session import Session
from impls.worker import torch_compiled
from impls.worker.contract import harness, side_effects
from reference.formats import FORMATS
from tests.builders import claim, entry
from tests.devices.second_device import MIXED, SECOND, InThisProcess, described, second_device

CONTRACT = Path(__file__).parents[1] / "quality" / "contract"
STEPS = CONTRACT / "step_api.py"
OWN_PROGRAMS = ("distributed/", "whole/import", "whole/leaves-nothing", "whole/compile")
"""These run in programs of their own, or compile, which a function mode does not see into."""
ASKED = [c for c in (*PROPERTIES, *CLAUSES) if not c.identifier.startswith(OWN_PROGRAMS)]
PATHS = [(item.identifier, p.name) for item in CATALOGUE for p in item.paths if p.whole and p.runs_on(HOST)]
PARTS = len(PATHS)
"""The claims are dealt out: each path is asked a few, and every one where that is asked for."""
MOVES = "mu_product"
"""NAdam keeps it on the host, and loading moves it to the parameter's device: only there it is another tensor."""


@pytest.fixture(scope="module")
def here() -> Iterator[Session]:
    """Return a session that answers in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "_stepproof_worker", impls.worker)
        session = InThisProcess()
        threads = torch.get_num_threads()
        session.request({"op": "hello"})
        session.request({"op": "prepare"})
        yield session
        torch.set_num_threads(threads)


def seen(subject: WorkerSubject, asked: Claim) -> set[str]:
    """Return what a claim sees that is wrong, and what stops it or breaks it."""
    evidence: Evidence = asked.judge(subject, Plan(2, 32, 0))
    stopped = [str(error) for error in (evidence.broken, evidence.stop and evidence.stop.error) if error]
    told = {failure.told.replace(SECOND, HOST) for failure in evidence.tally.failures if MOVES not in failure.told}
    return told | {*stopped}


def differing(name: str, path: str, asked: list[Claim], session: Session) -> dict[str, tuple[set[str], set[str]]]:
    """Return the claims that see on the second device something else than on the host, with both."""
    item = entry(name)
    subjects = [
        worker_subject(item, item.path(path, HOST), device, FORMATS["float32"], session) for device in (HOST, SECOND)
    ]
    found = {}
    for one in asked:
        if one.concerns(subjects[0]) and not one.applies(subjects[0]):
            on_host = seen(subjects[0], one)
            with described():
                there = seen(subjects[1], one)
            if there != on_host:
                found[one.identifier] = (on_host, there)
    return found


@pytest.mark.parametrize(("name", "path"), PATHS)
def test_an_experiment_sees_on_a_second_device_what_it_sees_on_the_host(name: str, path: str, here: Session) -> None:
    """No experiment puts tensors of two devices together, and no verdict is another one."""
    start = PATHS.index((name, path))
    assert differing(name, path, ASKED[start::PARTS], here) == {}


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "path"), PATHS)
def test_every_other_experiment_sees_there_what_it_sees_on_the_host(name: str, path: str, here: Session) -> None:
    """Nor do the experiments that fall to other paths."""
    own = ASKED[PATHS.index((name, path)) :: PARTS]
    assert differing(name, path, [one for one in ASKED if one not in own], here) == {}


def test_an_experiment_that_mixes_devices_is_seen(here: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient that is left on the host beside a parameter of the device is refused, as on a device."""
    right = harness.values

    def on_the_host(trial: harness.Trial, shape: tuple[int, ...], seed: int) -> torch.Tensor:
        made = right(trial, shape, seed)
        return made.cpu() if seed >= 1000 else made

    monkeypatch.setattr(harness, "values", on_the_host)
    found = differing("torch.AdamW", "single-tensor", [claim("gradients/not-modified")], here)
    (on_host, there) = found["gradients/not-modified"]
    assert not on_host
    assert any(MIXED in told for told in there)


@pytest.mark.parametrize(("name", "breaks"), [("kept.py:Kept", False), ("groups.py:FirstDeviceForAll", True)])
def test_a_group_on_two_devices_is_judged_where_there_are_two(name: str, breaks: bool, here: Session) -> None:
    """An optimizer that takes every gradient to the device of the first parameter breaks that clause alone."""
    item = recognise(f"{CONTRACT / name}", "adamw", {}, here)
    on_host = worker_subject(item, item.paths[0], HOST, FORMATS["float32"], here)
    asked = claim("groups/two-devices")
    assert asked.applies(on_host) == "everything lies on the host"
    with described():
        there = dataclasses.replace(on_host, device=SECOND)
        assert not asked.applies(there)
        told = seen(there, asked)
    assert bool(told) == breaks
    assert all(MIXED in each for each in told)


@pytest.mark.parametrize("path", ["single-tensor", "foreach", "fused"])
def test_torch_steps_a_group_on_two_devices(path: str, here: Session) -> None:
    """What AdamW does on the host and on the device in one group is what it does alone."""
    item = entry("torch.AdamW")
    with described():
        there = worker_subject(item, item.path(path, HOST), SECOND, FORMATS["float32"], here)
        assert seen(there, claim("groups/two-devices")) == set()


@pytest.mark.parametrize(
    ("name", "of", "breaks"),
    [
        ("torch.optim:AdamW", "captured", set()),
        (f"{STEPS}:KeepsNewTensors", "captured", {"replay 2"}),
        ("torch.optim:AdamW", "captured-settings", set()),
        (f"{STEPS}:KeepsFirstRate", "captured-settings", {"lr as a Tensor, changed to 0.03125"}),
        (f"{STEPS}:KeepsFirstDecay", "captured-settings", {"weight_decay as a Tensor, changed to 0.25"}),
        (f"{STEPS}:KeepsFirstBetas", "captured-settings", {"betas as a Tensor, changed to [0.75, 0.875]"}),
        (f"{STEPS}:CountsBesides", "captured-settings", {"step counts that are changed"}),
        ("torch.optim:AdamW", "streams", set()),
        (f"{STEPS}:OwnStreamThatWaits", "streams", set()),
        (f"{STEPS}:OwnStream", "streams", {"it raises"}),
    ],
)
def test_a_step_that_a_device_does_otherwise_is_seen(name: str, of: str, breaks: set[str], here: Session) -> None:
    """A replay that stands still or keeps settings or counts, and a stream that does not wait, break a clause.

    Torch's goes on, reads its Tensors anew and waits.
    """
    item = recognise(name, "adamw", {}, here)
    path = next(path for path in item.paths if path.name in {"single-tensor", "default"})
    on_host = worker_subject(item, path, HOST, FORMATS["float32"], here)
    asked = claim(f"whole/{of}")
    assert asked.applies(on_host) == ("CPU has no streams" if of == "streams" else "no step is captured on CPU")
    with described():
        there = next(dataclasses.replace(on_host, device=SECOND).variants())
        assert not asked.applies(there)
        told = seen(there, asked)
    assert {each.partition(":")[0] for each in told} >= breaks
    assert bool(told) == bool(breaks)


def test_a_format_that_the_scaler_refuses_on_a_device_is_not_asked_there(here: Session) -> None:
    """CUDA has no kernel that unscales bfloat16 gradients: that is GradScaler's limit, and no optimizer's fault."""
    asked, item = claim("scaling/scaler"), entry("torch.Adadelta")
    why = {}
    for name, device in [("bfloat16", HOST), ("float16", HOST), ("bfloat16", SECOND), ("float32", SECOND)]:
        with described():
            there = worker_subject(item, item.path("foreach", HOST), device, FORMATS[name], here)
            why[name, device] = asked.applies(there)
    said = "torch.amp.GradScaler refuses to unscale {} gradients"
    assert list(why.values()) == ["", said.format("float16"), said.format("bfloat16"), ""]


@pytest.mark.parametrize(("held", "grows"), [((4096, 4096), False), ((4096, 4608), True), ((None, None), False)])
def test_memory_of_a_device_that_grows_is_seen(
    held: tuple[int | None, int | None], grows: bool, here: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the device's allocator holds after further steps is no more than before them, where it tells."""
    monkeypatch.setattr(side_effects, "held_bytes", lambda _: told.pop(0))
    item = entry("torch.SGD")
    there = worker_subject(item, item.paths[0], SECOND, FORMATS["float32"], here)
    there, told = next(there.variants()), [*held]
    with described():
        found = seen(there, claim("whole/memory"))
    assert found == ({"bytes of the device's memory after 20 more steps"} if grows else set())


def test_the_second_device_refuses_what_a_device_refuses() -> None:
    """Numbers and indices of the host go along, tensors do not."""
    with second_device():
        x = torch.ones(3, device=SECOND)
        assert x.device.type == SECOND
        assert (x * torch.tensor(2.0)).device.type == SECOND
        assert x[torch.tensor([0, 2])].device.type == SECOND
        assert x.cpu().device.type == HOST
        assert x.copy_(torch.zeros(3)).device.type == SECOND
        with pytest.raises(RuntimeError, match=MIXED):
            x.add_(torch.ones(3))
        with pytest.raises(RuntimeError, match=MIXED):
            torch.ones(3).mul_(x.sum())
        with pytest.raises(RuntimeError, match=MIXED):
            torch.sparse_coo_tensor(torch.tensor([[0]]), x[:1], (3,))


class Baked:
    """A step that is compiled and goes on with a setting, or a count, of the moment when it was."""

    def __init__(self, optimizer: Any, kept: str) -> None:
        self.optimizer, self.kept, self.first = optimizer, kept, list[Any]()

    def __call__(self) -> None:
        """Make a step."""
        groups = self.optimizer.param_groups
        self.first = self.first or [group.get(self.kept) for group in groups]
        for group, value in zip(groups, self.first, strict=True):
            group.update({self.kept: value} if self.kept in group else {})
        self.optimizer.step()
        for state in self.optimizer.state.values() if self.kept == "step" else ():
            state["step"].fill_(1.0)


@pytest.mark.parametrize("kept", ["", "lr", "step"])
def test_a_compiled_step_that_keeps_a_rate_or_a_count_is_seen(
    kept: str, here: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The learning rate changes on the way of a compiled step, and what goes on with the first is outside."""
    monkeypatch.setattr(torch_compiled, "compiled", lambda optimizer: Baked(optimizer, kept))
    item = entry("torch.AdamW")
    subject = worker_subject(item, item.path("compiled", HOST), HOST, FORMATS["float64"], here)
    evidence: Evidence = claim("agreement/trajectory").judge(subject, Plan(8, 32, 0))
    assert evidence.broken is None
    assert bool(evidence.tally.failures) == bool(kept)
