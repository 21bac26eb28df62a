"""Pieces of tensors, so that what torch's operations make on the way is never larger than one chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from .members import Member, in_one_order, local, real

CHUNK, CHUNK_ON_HOST = 1 << 24, 1 << 18
"""So many elements are stepped together: few launches on a device, and what fits into the caches of a host."""


class Piece(NamedTuple):
    """Elements of a member that lie one behind the other, from `first` up to `last`, or all of it."""

    member: Member
    first: int = 0
    last: int | None = None

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return this piece of the parameter, the gradient or a state, in the same memory."""
        seen = real(local(tensor.detach()))
        if self.last is None:
            return seen
        return seen.as_strided((seen.numel(),), (1,))[self.first : self.last]


def chunks(members: Sequence[Member]) -> Iterator[list[Piece]]:
    """Yield the pieces of members, as many together as make one chunk; what has gaps stays whole."""
    limit = CHUNK_ON_HOST if members[0].parameter.device.type == "cpu" else CHUNK
    gathered: list[Piece] = []
    room = limit
    for member in members:
        size = local(member.parameter).numel()
        for piece in _pieces(member, size, limit):
            taken = size if piece.last is None else piece.last - piece.first
            if gathered and taken > room:
                yield gathered
                gathered, room = [], limit
            gathered.append(piece)
            room -= taken
    if gathered:
        yield gathered


def _pieces(member: Member, size: int, limit: int) -> Iterator[Piece]:
    if size <= limit or not _divides(member):
        yield Piece(member)
        return
    elements = real(local(member.parameter)).numel()
    for first in range(0, elements, limit):
        yield Piece(member, first, min(first + limit, elements))


def _divides(member: Member) -> bool:
    """Tell whether parameter, gradient and states lie in one order without gaps."""
    kept = [member.kept[key] for key in member.columns if member.kept.get(key) is not None]
    row = [real(local(tensor.detach())) for tensor in (member.parameter, member.gradient, *kept)]
    return not row[1].is_neg() and in_one_order(row)
