"""What becomes of the bits that a parameter of 16 bits cannot hold: lost, drawn, or kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

NEAREST, STOCHASTIC, KAHAN, MASTER = ROUNDINGS = ("nearest", "stochastic", "kahan", "master")
"""How a new parameter is rounded, by the names that people give."""
REMAINDER = "remainder"
"""The key of the state that keeps what was rounded away."""
HALF = (torch.float16, torch.bfloat16)
TIE, LOW = 1 << 15, (1 << 16) - 1


class Rounding(NamedTuple):
    """How a parameter is rounded after a step, and the format of what is kept beside it for that, if anything is."""

    way: str = NEAREST
    kept: torch.dtype | None = None


ONCE = Rounding()
"""To nearest, with nothing kept."""


def rounding_of(group: Mapping[str, Any], dtype: torch.dtype) -> Rounding:
    """Return how a group rounds parameters of a format: wider ones than 16 bits are rounded once, to nearest.

    A master weight is a bfloat16 parameter and the lower half of the float32 number of which it is the upper one;
    of a float16 parameter it is the parameter and what is to be added to it, in float32.
    """
    way = str(group["rounding"]) if dtype in HALF else NEAREST
    if way == MASTER:
        return Rounding(MASTER, torch.int16) if dtype == torch.bfloat16 else Rounding(KAHAN, torch.float32)
    return Rounding(way, dtype if way == KAHAN else None)


def seed_of(rounding: Rounding) -> float:
    """Return what the bits of one step are drawn from: a number of torch's own generator, where they are."""
    return float(torch.randint(1 << 32, (), dtype=torch.int64, device="cpu")) if rounding.way == STOCHASTIC else 0.0


def widened(p: torch.Tensor, remainder: torch.Tensor | None, rounding: Rounding) -> torch.Tensor:
    """Return a parameter of 16 bits with what was kept of it, in float32."""
    if remainder is None:
        return p.float()
    if rounding.way == KAHAN:
        whole = p.float() + remainder.float()
        if remainder.dtype != torch.float32:
            return whole
        # A remainder with which it is not rounded to the parameter is of one that was overwritten since.
        return torch.where(whole.to(p.dtype) == p, whole, p.float())
    high, low = p.view(torch.int16).int(), remainder.int()
    size = high & 0x7FFF
    # A remainder that leads away from a zero or an infinity is of a parameter that was overwritten since.
    foreign = ((size == 0) & (low < 0)) | ((size == 0x7F80) & (low > 0))
    return ((high << 16) + low.masked_fill(foreign, 0)).view(torch.float32)


def narrow_into(p: torch.Tensor, remainder: torch.Tensor | None, value: torch.Tensor, rounding: Rounding) -> None:
    """Overwrite a parameter of 16 bits with a float32 value, and keep or draw for what is rounded away."""
    if rounding.way == STOCHASTIC:
        p.copy_(_drawn(value, p.dtype))
        return
    if remainder is None or rounding.way == KAHAN:
        p.copy_(value)
        if remainder is not None:
            rest = value - p.float()
            remainder.copy_(rest.masked_fill(~rest.isfinite(), 0.0))
        return
    bits = value.view(torch.int32).masked_fill(value.isnan(), 0x7FC00000)
    high = (bits + TIE) >> 16
    p.copy_(high.short().view(torch.bfloat16))
    remainder.copy_((bits - (high << 16)).short())


def _drawn(value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return one of the two neighbours of each value in a format, the nearer one as often as it is nearer."""
    if dtype == torch.bfloat16:
        bits = value.view(torch.int32)
        drawn = ((bits + torch.randint_like(bits, LOW + 1)) & ~LOW).view(torch.float32)
        return torch.where(value.isfinite(), drawn, value)
    near = value.to(dtype)
    away = value.abs() > near.abs().float()
    other = (near.view(torch.int16) + torch.where(away, 1, -1).short()).view(dtype)
    share = (value - near.float()) / (other.float() - near.float())
    return torch.where(torch.rand_like(value) < share, other, near)
