"""The adapter for gradient transformations starts from any state; it needs a worker with optax."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.agreement import Tally
from conformance.cases import Case, GroupCase, TensorCase
from conformance.claims import BY_IDENTIFIER
from conformance.findings import Reducer
from conformance.installation import probe
from conformance.properties import Plan
from conformance.subject import WorkerSubject, worker_subject
from conformance.verdict import Cell
from impls.libraries import LIBRARIES
from impls.session import Session, TargetError
from reference.formats import FLOAT32

PYTHON = os.environ.get("STEPPROOF_LIBRARIES")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return a worker that can import optax; STEPPROOF_LIBRARIES names an interpreter that has it."""
    with Session(PYTHON) as opened:
        _, reason = probe(LIBRARIES["optax"], opened)
        if reason:
            pytest.skip(f"optax: {reason}")
        yield opened


def _request(count: int, steps: int) -> dict[str, Any]:
    return {
        "op": "run_jax", "target": "optax:adam", "device": "cpu", "dtype": "float32",
        "constructor": {"jit": True},
        "groups": [{"options": {"learning_rate": 0.5}, "tensors": [{"shape": [2], "count": count}]}],
        "states": ["0.mu", "0.nu"], "counter": "0.count", "steps": [{}] * steps, "read": "last",
    }  # fmt: skip


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
    item = next(i for i in LIBRARIES["optax"].implementations if i.identifier == "optax.rprop")
    return worker_subject(item, item.paths[0], "cpu", FLOAT32, session)


def test_a_transformation_that_lags_is_found_and_scripted(
    session: Session, shows: Callable[..., Any]
) -> None:
    """rprop moves nothing at its first step; the script shows it without stepproof."""
    subject = _rprop(session)
    claim = BY_IDENTIFIER["agreement/trajectory"]
    settings = {"eta": 0.5, "eta_minus": 0.5, "eta_plus": 1.2, "s_min": 0.125, "s_max": 50.0}
    values = {"theta": (1.0,), "p": (0.0,), "s": (0.5,), "g": (2.0,)}
    tensor = TensorCase((1,), 0, values=values)
    case = Case((), (GroupCase(settings, (tensor,)),))
    tally = Tally()
    claim.run(subject, case, tally, Plan(1, 1, 0))
    failure = next(f for f in tally.failures if f.quantity == "theta")
    low, high = failure.legal
    assert low <= 0.5 <= high < failure.value == 1.0
    cell = Cell("optax.rprop", "jit", "cpu", "float32", claim.identifier)
    script = Reducer(subject, claim, cell, reduced=True).findings([failure])[0].script
    assert shows(script, PYTHON or sys.executable).said.startswith("shown: theta = 1.0; legal: from ")
