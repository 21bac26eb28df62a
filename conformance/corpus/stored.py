"""One file of a corpus: a case, why it is kept, and the cell that it is of."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from conformance.engine.verdict import Cell

MOST_BYTES = 64_000
"""A file is no larger: neither one that is written nor one that is read."""
MOST_ELEMENTS = 1 << 20
"""A tensor of a case has no more elements, and a case no more steps."""
NUMBER, SHAPE, SCHEDULER = "steps", "shape", "scheduler"


class Why(enum.StrEnum):
    """Why a case is kept."""

    FAILED = "failed"
    KILLED = "told a mutant from its formula that no case before it did"
    RATIO = "has the largest ratio of error to bound of its cell"


class CorpusError(ValueError):
    """A file is none of a corpus; the message says why."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A case of a cell.  ``mutants`` are those that it tells from the formula, ``ratio`` the largest that it reaches.

    ``subject`` says how code that no catalogue holds is found again, as a stored failure does.
    """

    why: Why
    chapter: str
    cell: Cell
    kind: str
    case: dict[str, Any]
    ratio: float = 0.0
    mutants: tuple[str, ...] = ()
    subject: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name of its file: a hash of its cell and its case, whatever it is kept for."""
        text = msgspec.json.encode([str(self.cell), self.kind, self.case], order="sorted")
        return f"{hashlib.sha256(text).hexdigest()[:16]}.json"


CELL = tuple(field.name for field in dataclasses.fields(Cell))
OWN = tuple(name for name in Kept.__struct_fields__ if name not in {"cell", "subject"})


def text_of(kept: Kept) -> bytes:
    """Return a case as its file has it: also a stored failure, whose subject ``stepproof replay`` finds."""
    own = {key: value for key, value in msgspec.to_builtins(kept).items() if key not in {"cell", "subject"}}
    plain = {**kept.subject, **own, **msgspec.to_builtins(kept.cell), "python": None}
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1) + b"\n"


def read(path: Path) -> Kept:
    """Return the case of a file; raises ``CorpusError`` for one that is too large, no case, or asks for too much."""
    try:
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            raise CorpusError(f"it is a link, or has more than {MOST_BYTES:,} bytes")
        plain = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        cell = {name: plain.pop(name, None) for name in CELL}
        own = {name: plain.pop(name) for name in OWN if name in plain}
        plain.pop("python", None)
        kept = msgspec.convert({**own, "cell": cell, "subject": plain}, Kept)
    except OSError as error:
        raise CorpusError(str(error.strerror)) from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CorpusError(str(error)) from None
    if excessive(kept.case):
        raise CorpusError(f"its case asks for more than {MOST_ELEMENTS:,} elements or steps")
    return kept


def named(plain: object) -> Iterator[str]:
    """Yield the names of all schedulers of a case: one that is composed has further ones."""
    if isinstance(plain, Mapping):
        if isinstance(name := plain.get(SCHEDULER), str):
            yield name
        plain = list(plain.values())
    if isinstance(plain, list):
        for part in plain:
            yield from named(part)


def excessive(plain: object) -> bool:
    """Tell whether a case asks for a tensor or a number of steps that is too large to be replayed."""
    if isinstance(plain, list):
        return any(map(excessive, plain))
    if not isinstance(plain, Mapping):
        return isinstance(plain, int) and abs(plain) >= 1 << 64
    shape = plain.get(SHAPE)
    if isinstance(shape, list) and all(isinstance(n, int) for n in shape) and abs(math.prod(shape)) > MOST_ELEMENTS:
        return True
    steps = plain.get(NUMBER)
    if isinstance(steps, int) and steps > MOST_ELEMENTS:
        return True
    return any(map(excessive, plain.values()))
