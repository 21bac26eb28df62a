"""Notes questions in a file, to be put elsewhere: each once, in the order in which it was first asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from impls.kit.records import QUESTIONS, key_of, record
from impls.worker.wire import Buffer

PLACES = MappingProxyType({"contract": "arguments", "schedule": "process"})
"""The part of a question in which it may name one of two processes."""
RANK, STORE = "rank", "store"


@dataclass
class Questions:
    """Appends questions to a file; ``group`` counts what belongs together, as the cases of a cell do.

    ``timeout`` is what one answer may take, in seconds, ``memory`` what the worker may allocate, in bytes.
    """

    path: Path
    timeout: float
    memory: int
    group: int = 0
    keys: set[bytes] = field(default_factory=set)
    _file: IO[bytes] | None = None
    _halves: dict[bytes, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, header: dict[str, Any], buffers: Sequence[Buffer]) -> bytes:
        """Note a question unless it is noted, and return its key."""
        asked, pair = anywhere(header)
        key = key_of(asked, buffers)
        with self._lock:
            if key not in self.keys:
                self.keys.add(key)
                if pair is None:
                    self._write([(key, asked)], buffers)
                elif pair in self._halves:
                    self._write(sorted((self._halves.pop(pair), (key, asked)), key=_rank), ())
                else:
                    self._halves[pair] = (key, asked)
        return key

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, asked: Sequence[tuple[bytes, dict[str, Any]]], buffers: Sequence[Buffer]) -> None:
        if self._file is None:
            self._file = self.path.open("ab")
            if not self._file.tell():
                self._file.write(QUESTIONS)
        header = {
            "ask": [{"key": key.hex(), "question": question} for key, question in asked],
            "group": self.group,
            "timeout": self.timeout,
            "memory": self.memory,
        }
        self._file.write(record(asked[0][0], header, buffers))


def anywhere(header: dict[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """Return a question without the file by which two processes find each other, and what both of them share."""
    part = PLACES.get(header.get("op", ""), "")
    place = header.get(part) if part else None
    if not place or STORE not in place:
        return header, None
    asked = {**header, part: {**place, STORE: ""}}
    shared = {**header, part: {name: value for name, value in place.items() if name not in {RANK, STORE}}}
    return asked, key_of(shared, ())


def _rank(half: tuple[bytes, dict[str, Any]]) -> int:
    asked = half[1]
    return int(asked[PLACES[asked["op"]]][RANK])
