"""Steps of the optimizers in `hostile_optimizers.py`, each in a worker."""

from __future__ import annotations

import struct
from pathlib import Path

from impls.session import Answer, Session

FILE = Path(__file__).parent / "hostile_optimizers.py"
GIB = 1 << 30


def one_step(session: Session, name: str) -> Answer:
    """One step with lr 0.5 from (1, 2) along (2, 2)."""
    header = {
        "op": "run",
        "target": f"{FILE}:{name}",
        "device": "cpu",
        "dtype": "float32",
        "constructor": {},
        "states": [],
        "counter": None,
        "groups": [{"options": {"lr": 0.5}, "tensors": [{"shape": [2], "count": 0}]}],
        "steps": [{}],
        "read": "last",
    }
    return session.request(header, [struct.pack("<2f", 1, 2), struct.pack("<2f", 2, 2)])


def pid_of(session: Session) -> int:
    """The process of a session's worker, which is started if there is none."""
    return int(session.request({"op": "hello"}).header["pid"])
