"""A file of records: questions that travel, or the answers that come back; each is checked when it is read.

A file begins with eight bytes that say what it holds.  A record is the 32 bytes of its question's key, the length of
a frame in 8 bytes (little-endian), the frame (`impls.worker.wire`: a JSON header and raw buffers), and the SHA-256 of
all that.  Nothing in a file is code, and nothing is run that stands in one.
"""

from __future__ import annotations

import hashlib
import struct
from json import JSONEncoder
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from impls.worker import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

QUESTIONS, ANSWERS = b"stpqst01", b"stpans01"
HEAD = struct.Struct("<32sQ")
DIGEST = hashlib.sha256().digest_size
LARGEST = 1 << 31
"""Bytes of a frame."""
_canonical = JSONEncoder(sort_keys=True).encode


class RecordError(Exception):
    """A file holds no such records; the message goes on from its name."""


class CutOffError(RecordError):
    """A file ends in the middle of a record."""


class Place(NamedTuple):
    """Where a record's frame lies in its file."""

    key: bytes
    offset: int
    length: int

    @property
    def start(self) -> int:
        """Where the record begins."""
        return self.offset - HEAD.size

    @property
    def end(self) -> int:
        """Where the record ends."""
        return self.offset + self.length + DIGEST


def key_of(header: dict[str, Any], buffers: Iterable[wire.Buffer]) -> bytes:
    """The SHA-256 of a question: the same words and the same bytes have the same key."""
    found = hashlib.sha256(_canonical(header).encode())
    for buffer in buffers:
        view = memoryview(buffer)
        found.update(struct.pack("<Q", view.nbytes))
        found.update(view)
    return found.digest()


def record(key: bytes, header: dict[str, Any], buffers: Iterable[wire.Buffer]) -> bytes:
    """A record as it stands in a file."""
    frame = wire.encode(header, buffers)
    whole = HEAD.pack(key, len(frame)) + frame
    return whole + hashlib.sha256(whole).digest()


def begin(file: IO[bytes], sort: bytes) -> None:
    """Raises `RecordError` unless a file says that it holds records of a sort."""
    found = file.read(len(sort))
    if found != sort:
        raise RecordError(f"begins with {found!r}, where {sort!r} is expected: it is of another program")


def places(file: IO[bytes], size: int) -> Iterator[Place]:
    """Where the records of a file of so many bytes lie, from where it is read; raises `RecordError`."""
    offset = file.tell()
    while offset < size:
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            raise CutOffError(f"is cut off at byte {size:,}")
        key, length = HEAD.unpack(head)
        if length > LARGEST:
            raise RecordError(f"has a record of {length:,} bytes at byte {offset:,}, of which {LARGEST:,} may")
        place = Place(key, offset + HEAD.size, length)
        if place.end > size:
            raise CutOffError(f"is cut off at byte {size:,}, in a record that ends at byte {place.end:,}")
        yield place
        offset = place.end
        file.seek(offset)


def frame_at(file: IO[bytes], place: Place) -> wire.Message:
    """The header and the buffers of a record; raises `RecordError` where they are not what was written."""
    file.seek(place.start)
    whole = file.read(HEAD.size + place.length)
    if hashlib.sha256(whole).digest() != file.read(DIGEST):
        raise RecordError(f"was changed: the record at byte {place.start:,} has another checksum")
    return decoded(memoryview(whole)[HEAD.size :], place.offset)


def following(file: IO[bytes]) -> Iterator[tuple[bytes, wire.Message]]:
    """The records of a file that can only be read on, as one in an archive; raises `RecordError`."""
    offset = 0
    while head := file.read(HEAD.size):
        key, length = HEAD.unpack(head) if len(head) == HEAD.size else (b"", LARGEST + 1)
        whole = head + file.read(min(length, LARGEST))
        if hashlib.sha256(whole).digest() != file.read(DIGEST):
            raise RecordError(f"was changed: its record at byte {offset:,} has another checksum")
        yield key, decoded(memoryview(whole)[HEAD.size :], offset)
        offset += len(whole) + DIGEST


def decoded(frame: memoryview, offset: int) -> wire.Message:
    """The header and the buffers of a frame; raises `RecordError`."""
    receiver, rest = wire.Receiver(len(frame)), frame
    try:
        while receiver.message is None and (rest or not receiver.space):
            count = min(len(receiver.space), len(rest))
            receiver.space[:count] = rest[:count]
            rest = rest[count:]
            receiver.advance(count)
    except (wire.WireError, ValueError, TypeError, RecursionError) as error:
        raise RecordError(f"has a frame at byte {offset:,} that cannot be read: {error}") from None
    message = receiver.message
    if rest or message is None or not isinstance(cast("object", message.header), dict):
        raise RecordError(f"has a frame at byte {offset:,} that is no message")
    return message
