"""A message between judge and worker is one frame: a prefix, a JSON text and raw buffers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from .serialisation import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

Buffer = Union[bytes, bytearray, memoryview]

MAGIC = b"stpprf01"
PREFIX = struct.Struct("<8sQQ")  # magic, bytes of the JSON text, bytes of all buffers together
LARGEST_PART = 1 << 36


class WireError(Exception):
    """What arrived is no frame of this protocol."""


class Message(NamedTuple):
    """A header and the buffers that it speaks of."""

    header: dict[str, Any]
    buffers: list[memoryview]


def encode(header: dict[str, Any], buffers: Iterable[Buffer] = ()) -> bytes:
    """The frame holds the header, the length of every buffer and the buffers end to end."""
    views = [view if view.format == "B" else view.cast("B") for view in (memoryview(b) for b in buffers)]
    lengths = [view.nbytes for view in views]
    text = to_json([header, lengths]).encode()
    return b"".join([PREFIX.pack(MAGIC, len(text), sum(lengths)), text, *views])


class Receiver:
    """A frame that is still arriving: fill `space`, say how much with `advance`, until `message`."""

    def __init__(self, largest: int = LARGEST_PART) -> None:
        self.message: Message | None = None
        self._parts = _parts(largest)
        self.space = next(self._parts)

    def advance(self, count: int) -> None:
        """The next `count` bytes of the frame lie at the start of `space`."""
        try:
            self.space = self._parts.send(count)
        except StopIteration as end:
            self.message = end.value


def _parts(largest: int) -> Generator[memoryview, int, Message]:
    prefix = yield from _filled(PREFIX.size)
    magic, text_size, body_size = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError(f"a frame began with {bytes(prefix)!r}, which is not the worker's protocol")
    if max(text_size, body_size) > largest:
        raise WireError(f"a frame of {max(text_size, body_size):,} bytes came, of which {largest:,} may")
    text = yield from _filled(text_size)
    body = yield from _filled(body_size)
    header, lengths = from_json(text.decode())
    return Message(header, _split(memoryview(body), lengths))


def _filled(size: int) -> Generator[memoryview, int, bytearray]:
    buffer = bytearray(size)
    space = memoryview(buffer)
    while space:
        count = yield space
        space = space[count:]
    return buffer


def _split(body: memoryview, lengths: list[int]) -> list[memoryview]:
    if sum(lengths) != body.nbytes:
        raise WireError(f"buffers of {lengths} bytes were named, but {body.nbytes} bytes came")
    views = []
    start = 0
    for length in lengths:
        views.append(body[start : start + length])
        start += length
    return views
