"""The adapter for gradient transformations starts from any state; it needs a worker with optax."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest

from conformance.engine.claim import ONE_CASE
from conformance.engine.evidence import Tally
from conformance.engine.findings import findings_of
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.subject import WorkerSubject
from impls.session import Session, TargetError
from tests.builders import claim, entry, subject_of

PYTHON = os.environ.get("STEPPROOF_LIBRARIES")
pytestmark = pytest.mark.library("optax")


@pytest.fixture(scope="module")
def session(library_session: Session) -> Session:
    """Return a worker that can import optax; STEPPROOF_LIBRARIES names an interpreter that has it."""
    return library_session


def _request(count: int, steps: int) -> dict[str, Any]:
    return {
        "op": "run_jax",
        "target": "optax:adam",
        "device": "cpu",
        "dtype": "float32",
        "constructor": {"jit": True},
        "groups": [{"options": {"learning_rate": 0.5}, "tensors": [{"shape": [2], "count": count}]}],
        "states": ["0.mu", "0.nu"],
        "counter": "0.count",
        "steps": [{}] * steps,
        "read": "last",
    }


def test_a_loaded_state_continues_bit_for_bit(session: Session) -> None:
    """Two steps at once equal one step, and another from the state that it left."""
    start, one, two = (struct.pack("<2f", *values) for values in ((1, -2), (0.5, 3), (-0.25, 1)))
    whole = session.request(_request(0, 2), [start, one, two])
    first = session.request(_request(0, 1), [start, one])
    second = session.request(_request(1, 1), [*map(bytes, first.buffers), two])
    assert [bytes(b) for b in second.buffers] == [bytes(b) for b in whole.buffers]
    assert whole.header["counts"] == [[2.0]]


def test_a_wrong_argument_is_the_targets_error(session: Session) -> None:
    """What optax refuses is said with the phase in which it did."""
    header = _request(0, 1)
    header["groups"][0]["options"]["no_such"] = 1.0
    with pytest.raises(TargetError, match="construct"):
        session.request(header, [bytes(8), bytes(8)])


def _rprop(session: Session) -> WorkerSubject:
    return subject_of(entry("optax.rprop"), session)


def test_a_transformation_that_lags_is_found_and_scripted(session: Session, shows: Callable[..., Any]) -> None:
    """rprop moves nothing at its first step; the script shows it without stepproof."""
    subject = _rprop(session)
    trajectory = claim("agreement/trajectory")
    settings = {"eta": 0.5, "eta_minus": 0.5, "eta_plus": 1.2, "s_min": 0.125, "s_max": 50.0}
    values = {"theta": (1.0,), "p": (0.0,), "s": (0.5,), "g": (2.0,)}
    tensor = TensorCase((1,), 0, values=values)
    case = Case((), (GroupCase(settings, (tensor,)),))
    tally = Tally()
    trajectory.run(subject, case, tally, ONE_CASE)
    failure = next(f for f in tally.failures if f.quantity == "theta")
    low, high = failure.legal
    assert low <= 0.5 <= high < failure.value == 1.0
    cell = subject.cell(trajectory.identifier)
    script = findings_of(subject, trajectory, cell, [failure])[0].script
    assert shows(script, PYTHON or sys.executable).said.startswith("shown: theta = 1.0; legal: from ")
