"""A folder of cases for programs that cannot be imported: JSON with hexadecimal numbers, raw arrays, and results.

Each case has a folder, ``0001`` and so on, with ``case.json`` and, for every quantity of the rule by its symbol, the
array before the first step, ``theta.bin``, and the gradients of all steps end to end, ``g.bin``.  A program writes
``theta.out.bin`` beside it, and one such file for every state: the array after each step, end to end.  All arrays are
little-endian and contiguous.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from conformance.distance.manifest import AnswersError
from conformance.engine.safe_text import safe_text
from reference.formats import Array, Format

INDEX, CASE = "cases.json", "case.json"
FORMAT = 1
MOST_CASES = 100_000
LARGEST_JSON = 1 << 24
T = TypeVar("T")


class CaseIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a folder of cases is: the release, what was asked for, the formula in words, and how many there are."""

    format: int
    stepproof: str
    rule: str
    options: dict[str, str]
    dtype: str
    properties: tuple[str, ...]
    budget: float
    seed: int
    formula: tuple[str, ...]
    settings: dict[str, str]
    states: dict[str, str]
    cases: int


class Listed(msgspec.Struct, frozen=True):
    """What is read of a case that comes back: its key says which it is."""

    case: int
    key: str


@dataclass(frozen=True)
class StepCase:
    """A case as a program steps it: one setting for all elements, of one or several tensors end to end."""

    settings: Mapping[str, float]
    shape: tuple[int, ...]
    count: int
    steps: int
    before: Mapping[str, Array]
    gradients: Array

    def plain(self, dtype: str) -> dict[str, Any]:
        """Return what ``case.json`` says of it, but for its number and its key."""
        return {
            "dtype": dtype,
            "shape": list(self.shape),
            "elements": math.prod(self.shape),
            "t": self.count + 1,
            "steps": self.steps,
            **{name: float(value).hex() for name, value in self.settings.items()},
        }

    def key(self, dtype: str) -> str:
        """Return the SHA-256 of all that is given."""
        found = hashlib.sha256(json.dumps(self.plain(dtype), sort_keys=True).encode())
        for name in sorted(self.before):
            found.update(self.before[name].tobytes())
        found.update(self.gradients.tobytes())
        return found.hexdigest()


@dataclass
class CaseFolder:
    """The cases in a folder, by their keys; what is wrong with results goes to the file ``complaints``."""

    folder: Path
    dtype: str
    complaints: Path
    known: dict[str, Path] = field(default_factory=dict)

    def write(self, case: StepCase) -> None:
        """Write a case unless it is there."""
        key = case.key(self.dtype)
        if key in self.known:
            return
        place = self.folder / f"{len(self.known) + 1:04d}"
        place.mkdir()
        plain = {"case": len(self.known) + 1, "key": key, **case.plain(self.dtype)}
        (place / CASE).write_text(json.dumps(plain, indent=1) + "\n")
        for name, value in case.before.items():
            (place / f"{name}.bin").write_bytes(value.tobytes())
        (place / "g.bin").write_bytes(case.gradients.tobytes())
        self.known[key] = place

    def read(self, case: StepCase, formats: Mapping[str, Format]) -> dict[str, Array] | None:
        """Return each quantity after each step, as rows; nothing where the program gave no whole result."""
        place = self.known.get(case.key(self.dtype))
        if place is None or not any((place / f"{name}.out.bin").exists() for name in case.before):
            return None
        found = {}
        for name, value in case.before.items():
            path, size = place / f"{name}.out.bin", case.steps * value.nbytes
            wrong = _wrong(path, size)
            if wrong:
                self._complain(f"`{path}` {wrong}")
                return None
            found[name] = np.frombuffer(path.read_bytes(), formats[name].dtype).reshape(case.steps, value.size)
        return found

    def _complain(self, said: str) -> None:
        with self.complaints.open("a") as file:
            file.write(safe_text(said).replace("\n", " ") + "\n")


def _wrong(path: Path, size: int) -> str:
    """Return what is wrong with a file of results, or nothing."""
    if not path.exists():
        return "is missing beside other results of its case; write one for every quantity"
    if not path.is_file():
        return "is no file"
    if path.stat().st_size != size:
        return f"has {path.stat().st_size:,} bytes, where {size:,} are expected: the array after each step, end to end"
    return ""


def index_of(folder: Path) -> CaseIndex:
    """Return what a folder of cases says of itself; raises ``AnswersError`` where it is none."""
    return _decoded(folder / INDEX, CaseIndex)


def known_in(folder: Path, index: CaseIndex) -> dict[str, Path]:
    """Return the place of each case by its key; raises ``AnswersError`` for one that is missing or cannot be read."""
    if not 0 < index.cases <= MOST_CASES:
        raise AnswersError(f"`{folder / INDEX}` speaks of {index.cases:,} cases; give a folder that stepproof wrote")
    places = [folder / f"{number:04d}" for number in range(1, index.cases + 1)]
    return {_decoded(place / CASE, Listed).key: place for place in places}


def _decoded(path: Path, of: type[T]) -> T:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_JSON:
            raise AnswersError(f"`{path}` is no file of a folder of cases; give one that stepproof wrote")
        return msgspec.json.decode(path.read_bytes(), type=of)
    except OSError as error:
        raise AnswersError(f"`{path}` cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AnswersError(f"`{path}` is not what stepproof writes: {safe_text(str(error))}") from None


def joined(parts: Iterable[Array]) -> Array:
    """Return arrays end to end."""
    several: Sequence[Array] = list(parts)
    return several[0].reshape(-1) if len(several) == 1 else np.concatenate([part.reshape(-1) for part in several])
