"""Packs questions into one file that an interpreter runs: the worker, the program that asks, and what it asks."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import msgspec

import impls
from conformance.distance.manifest import Manifest, Scope
from impls.kit.program import FORMAT, MANIFEST
from impls.kit.records import QUESTIONS, Place, frame_at, places

SOURCE = Path(impls.__file__).parent
CODE = ("__init__.py", "copies.py", "failures.py", "process.py", "session.py", "usage.py", "kit", "worker")
"""What of `impls/` travels: it needs no library but the framework under test."""
FIRST_LINE = b"#!/usr/bin/env python3\n"
START_SECONDS = 10.0
SECONDS = {"run": 0.01, "contract": 0.04, "schedule": 0.004}
OTHER_SECONDS, COMPILED_SECONDS = 0.02, 20.0
"""About what a question costs; a host that is slow, or a device that is far, takes longer."""
ITEM_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
HEADER_BYTES = 300


@dataclass
class _Sums:
    """How much there is to ask, and about how much comes back."""

    questions: int = 0
    question_bytes: int = 0
    answer_bytes: int = 0
    seconds: float = START_SECONDS

    def add(self, header: dict[str, Any], size: int) -> None:
        """Add one question."""
        self.questions += len(header["ask"])
        self.question_bytes += size
        for asked in header["ask"]:
            question = asked["question"]
            self.answer_bytes += HEADER_BYTES + answer_bytes(question)
            dear = question.get("compiled")
            self.seconds += COMPILED_SECONDS if dear else SECONDS.get(question["op"], OTHER_SECONDS)


def answer_bytes(question: dict[str, Any]) -> int:
    """Return how many bytes of arrays answer a question: parameters, states and gradients of steps that are read."""
    if question["op"] == "run":
        shapes = [tensor["shape"] for group in question["groups"] for tensor in group["tensors"]]
        read = len(question["steps"]) if question["read"] == "every" else 1
        kept = 1 + len(question["states"])
    elif question["op"] in {"train", "evaluate"}:
        _, _, *shapes = question["shapes"]  # after features and labels
        read, kept = question.get("steps", 1), 2 + len(question.get("states", ()))
    else:
        return 0
    elements: int = sum(math.prod(shape) for shape in shapes)
    return elements * ITEM_BYTES[str(question["dtype"])] * kept * int(read)


def pack(parts: Sequence[Path], scope: Scope, asked: str, target: Path) -> Manifest:
    """Write the kit of the questions in ``parts``, each of which stands in it once, and return what it says of itself.

    Raises ``OSError`` where it cannot be written.
    """
    sums, known, names = _Sums(), set[bytes](), list[str]()
    whole = hashlib.sha256(msgspec.json.encode(scope))
    beside = target.with_name(f".{target.name}")
    try:
        with beside.open("wb") as file:
            file.write(FIRST_LINE)
            with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
                for part in parts:
                    name = f"{len(names) + 1:04d}"
                    if _copied(part, packed, name, known, sums, whole):
                        names.append(name)
                manifest = Manifest(
                    FORMAT,
                    whole.hexdigest(),
                    version("stepproof"),
                    asked,
                    scope.device,
                    tuple(names),
                    sums.questions,
                    sums.question_bytes,
                    sums.answer_bytes,
                    round(sums.seconds, 1),
                    scope,
                )
                packed.writestr(MANIFEST, json.dumps(msgspec.to_builtins(manifest), indent=1))
                for path in code():
                    packed.write(path, f"impls/{path.relative_to(SOURCE)}")
                packed.write(SOURCE / "kit" / "__main__.py", "__main__.py")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    target.chmod(0o755)
    return manifest


def code() -> Iterator[Path]:
    """Yield the files of the program that travels."""
    for name in CODE:
        path = SOURCE / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def _copied(part: Path, packed: zipfile.ZipFile, name: str, known: set[bytes], sums: _Sums, whole: Any) -> bool:
    """Copy the questions of a file that are not known yet, and tell whether there are any."""
    if not part.exists():
        return False
    with part.open("rb") as file:
        size = part.stat().st_size
        file.seek(len(QUESTIONS))
        new = [place for place in places(file, size) if place.key not in known]
        if not new:
            return False
        with packed.open(f"questions/{name}", "w", force_zip64=True) as into:
            for place in new:
                _copy(file, place, into, sums)
                known.add(place.key)
                whole.update(place.key)
    return True


def _copy(file: IO[bytes], place: Place, into: IO[bytes], sums: _Sums) -> None:
    sums.add(frame_at(file, place).header, place.length)
    file.seek(place.start)
    into.write(file.read(place.end - place.start))
