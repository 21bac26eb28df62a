"""What an optimizer does to the process around it is a finding, whenever it does it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import subject_of

KEPT = Path(__file__).with_name("kept.py")
MODULE = """
import atexit, copy, gc, importlib.util, json, os, pickle, signal, sys, threading, time, torch, warnings

spec = importlib.util.spec_from_file_location("kept", {kept!r})
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)


class Intruder(kept.Kept):
    made = 0

    def step(self, closure=None):
        Intruder.made += 1
        {step}
        return super().step(closure)


{imported}
"""
IMPORTED = {
    "torch.equal": "torch.equal = lambda *_: True",
    "pickle.dumps": "pickle.dumps = lambda *_, **__: b''",
    "the handler of SIGTERM": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "the default dtype": "torch.set_default_dtype(torch.float64)",
}
STEPPED = {
    "the default dtype": "torch.set_default_dtype(torch.float64)",
    "the number of threads": "torch.set_num_threads(1 + Intruder.made % 2)",
    "functions replaced": "torch.nn.functional.relu = abs",
    "the handler of SIGINT": "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "garbage collection": "gc.disable()",
    "flushing of denormal numbers": "torch.set_flush_denormal(True)",
    "the working folder": "os.chdir(os.path.dirname(os.path.abspath(__file__)))",
    "the standard streams": "os.closerange(1, 2)",
}
LEFT = {
    "threads left running": ("threading.Thread(target=time.sleep, args=(600,), daemon=True).start()", ""),
    "processes left running": ("os.fork() or time.sleep(600)", ""),
    "the status with which the program ends": ("", "atexit.register(os._exit, 3)"),
}


def _subject(folder: Path, session: Session, *, step: str = "", imported: str = "") -> WorkerSubject:
    target = folder / "intruder.py"
    target.write_text(MODULE.format(kept=str(KEPT), step=step or "pass", imported=imported))
    item = recognise(f"{target}:Intruder", "adamw", {}, session)
    subject = subject_of(item, session)
    return dataclasses.replace(subject, rules={(): subject.rules[()]})


def _broken(name: str, subject: WorkerSubject) -> str:
    clause = BY_IDENTIFIER[name]
    assert not clause.applies(subject)
    judged = clause.judge(subject, Plan(1, 1, 0))
    assert judged.stop is None, judged.stop
    return "; ".join(failure.quantity for failure in judged.tally.failures)


@pytest.mark.parametrize("what", IMPORTED)
def test_what_an_import_changes_is_a_finding(what: str, tmp_path: Path, session: Session) -> None:
    """A program of its own sees what the import of an optimizer changes, whatever was imported before."""
    assert what in _broken("whole/import", _subject(tmp_path, session, imported=IMPORTED[what]))


@pytest.mark.parametrize("what", STEPPED)
def test_what_a_step_changes_is_a_finding(what: str, tmp_path: Path, session: Session) -> None:
    """What a step changes is seen, also where earlier steps did so or later ones change it back."""
    subject = _subject(tmp_path, session, step=STEPPED[what])
    assert what in _broken("whole/surroundings", subject)
    assert what in _broken("whole/surroundings", subject), "the second question starts afresh too"


@pytest.mark.parametrize("what", LEFT)
def test_what_an_optimizer_leaves_is_a_finding(what: str, tmp_path: Path, session: Session) -> None:
    """Threads and processes left, and another status of the program, are seen where it ends."""
    step, imported = LEFT[what]
    assert what in _broken("whole/leaves-nothing", _subject(tmp_path, session, step=step, imported=imported))


def test_an_experiment_starts_from_a_fresh_process(tmp_path: Path, session: Session) -> None:
    """What one optimizer changed does not enter the experiments on the next one in the same worker, greeted or not."""
    changes = [*STEPPED.values(), "warnings.simplefilter('error')", "torch.set_default_dtype(torch.bfloat16)"]
    intruder = _subject(tmp_path, session, step="; ".join(changes))
    assert _broken("whole/surroundings", intruder)
    session.request({"op": "hello"})
    item = recognise(f"{KEPT}:Kept", "adamw", {}, session)
    kept = subject_of(item, session)
    assert not _broken("whole/surroundings", kept)
    header = {"op": "contract", "target": f"{KEPT}:Kept", "experiment": "side_effects.surroundings", "path": {}}
    header |= {"settings": {}, "dtype": "float32", "device": "cpu", "arguments": {}, "sparse": False}
    seen = session.request(header).header["observations"]
    assert not any(observation["differing"] for observation in seen)


WRAPPER = """
import torch


class Wrapper(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.inner = torch.optim.Adam(params, lr=lr, betas=betas, eps=eps)
        self.param_groups, self.state, self.defaults = self.inner.param_groups, self.inner.state, self.inner.defaults

    def step(self, closure=None):
        return self.inner.step(closure)
"""


def test_a_copy_does_not_spoil_what_is_asked_after_it(tmp_path: Path, session: Session) -> None:
    """Torch wraps the step of a class when an instance is copied: one that its constructor never made has no hooks."""
    target = tmp_path / "wrapper.py"
    target.write_text(WRAPPER)
    subject = subject_of(recognise(f"{target}:Wrapper", "adam", {}, session), session)
    assert _broken("state/deepcopy", subject) == "it raises"
    assert not _broken("whole/deterministic", subject)


@pytest.mark.parametrize(("name", "found"), [("KeepsRecords", True), ("KeepsTheLastRecords", False)])
def test_what_is_kept_of_every_step_is_found_be_it_no_tensor(name: str, found: bool, session: Session) -> None:
    """Records that grow with every step are a finding, and a number of the last ones is none."""
    clause = BY_IDENTIFIER["whole/memory"]
    item = recognise(f"{KEPT.with_name('side_effects.py')}:{name}", "adamw", {}, session)
    tally = clause.judge(subject_of(item, session), Plan(1, 1, 0)).tally
    assert [failure.quantity for failure in tally.failures] == ["of each step: objects more after 20 steps"] * found
