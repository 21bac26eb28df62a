"""Precision: what a parameter's format cannot hold is kept, drawn or lost, and nothing moves that has no gradient."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from .calls import take_step
from .harness import Observation, Trial, build, condition, parameters, raised, tensors_of, values
from .tails import less_likely

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHAPES = ((17,), (6, 8))
STARTS = (1.0, 1.5, 1.9921875, 0.99609375, 0.25, 0.3330078125)
"""Numbers of 16 bits in the middle of a binade and next to both of its ends."""
COUNT = 2048
"""Elements that round alike; a share of them is tested."""
UNLIKELY = 1e-12
"""What is less likely than this is no chance: of a thousand tests one is wrong in one of 10^9 runs."""


def zero_gradient(trial: Trial) -> Iterator[Observation]:
    """Every third element has a gradient of 0 in every step, and the others have none of 0."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params, **trial.arguments["still"])
    resting = [torch.arange(p.numel(), device=p.device).reshape(p.shape) % 3 == 0 for p in params]
    before = [p.detach()[rests].clone() for p, rests in zip(params, resting)]
    for step in range(trial.arguments["steps"]):
        for n, (p, rests) in enumerate(zip(params, resting)):
            gradient = values(trial, p.shape, 1000 * (step + 1) + n)
            p.grad = trial.with_layout(torch.where(rests, torch.zeros_like(gradient), gradient))
        take_step(optimizer)
        for n, (p, rests, start) in enumerate(zip(params, resting, before)):
            now = p.detach()[rests]
            moved = torch.nonzero(now != start).flatten().tolist()
            what = f"an element of tensor {n} whose gradient is always 0, step {step + 1}"
            if moved:
                yield Observation(what, len(start), len(moved), now[moved[0]].item(), start[moved[0]].item(), moved[0])
            else:
                yield Observation(what, len(start))


def exactly(trial: Trial, dtype: torch.dtype, starts: torch.Tensor, rate: float) -> tuple[Any, Any]:
    """An optimizer whose steps round little, and its parameter with these values in a format."""
    p = torch.nn.Parameter(starts.clone().to(dtype).to(trial.device))
    given = {**trial.arguments["exact"], trial.arguments["rate"]: rate}
    return build(dataclasses.replace(trial, dtype=dtype), [p], **given), p


def stepped(optimizer: Any, p: Any, gradient: torch.Tensor) -> torch.Tensor:
    """A copy of a parameter after a step with a gradient."""
    p.grad = gradient.to(p.dtype).to(p.device)
    take_step(optimizer)
    return torch.clone(p.detach())


def keeps_master(trial: Trial) -> Iterator[Observation]:
    """Most elements of a float32 parameter's step are found in the state beside a 16-bit one: it differs from none."""
    starts = torch.cat([values(trial, (64,), 0), values(trial, (64,), 1)])
    gradient = torch.cat([values(trial, (64,), 1000), values(trial, (64,), 1001)])
    optimizer, p = exactly(trial, trial.dtype, starts, 2.0**-9)
    stepped(optimizer, p, gradient)
    wide = stepped(*exactly(trial, torch.float32, starts, 2.0**-9), gradient)
    masters = list(masters_of(optimizer, p, trial.arguments["states"]))
    found = any(2 * int((master == wide).sum()) > wide.numel() for master in masters)
    yield condition("a master weight in the state", not found, "kept", "none")


def masters_of(optimizer: Any, p: torch.Tensor, states: Sequence[str]) -> Iterator[torch.Tensor]:
    """What may be the float32 value of a parameter: a tensor of the state, or the parameter with 16 bits more."""
    for key, kept in tensors_of(optimizer, p).items():
        if kept.shape != p.shape or key in states:
            continue
        if kept.dtype == torch.float32:
            yield kept
        if kept.element_size() == 2 and not kept.is_floating_point() and p.dtype == torch.bfloat16:
            high, low = p.detach().view(torch.int16).to(torch.int64) * 65536, kept.to(torch.int64)
            for signed in (low, low % 65536):
                yield (high + signed).to(torch.int32).view(torch.float32)


def master_weights(trial: Trial) -> Iterator[Observation]:
    """A parameter of 16 bits with a master beside it is always next to the float32 parameter that steps with it."""
    starts = torch.tensor([sign * start for start in STARTS for sign in (1.0, -1.0)])
    every = torch.cat([starts, starts]).to(trial.dtype).float()
    gradient = torch.cat([torch.ones_like(starts), -torch.ones_like(starts)])
    for power in trial.arguments["powers"]:
        narrow, wide = (exactly(trial, dtype, every, 2.0**power) for dtype in (trial.dtype, torch.float32))
        for step in range(trial.arguments["steps"]):
            got, exact = stepped(*narrow, gradient), stepped(*wide, gradient)
            low, high = between(exact, trial.dtype)
            now = got.cpu().double()
            wrong = torch.nonzero(~((low <= now) & (now <= high)) & exact.cpu().isfinite()).flatten()
            what = f"step {step + 1} with a rate of 2^{power}: a parameter with a master weight"
            if len(wrong):
                n = int(wrong[0])
                expected = f"{low[n].item()} or {high[n].item()}, next to {exact[n].item()}"
                yield Observation(what, len(got), len(wrong), got[n].item(), expected, n)
                return
            yield Observation(what, len(got))


def between(exact: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """The numbers of a format below and above others, or these themselves."""
    rounded = exact.cpu().to(dtype)
    down, up = (torch.nextafter(rounded, torch.full_like(rounded, end)) for end in (-torch.inf, torch.inf))
    near, wide = rounded.double(), exact.cpu().double()
    return torch.where(near <= wide, near, down.double()), torch.where(near >= wide, near, up.double())


def drawn(trial: Trial, dtype: torch.dtype) -> torch.Tensor:
    """A step of equal elements, which lie a quarter of a way above a number of 16 bits, with what is drawn next."""
    starts = torch.cat([torch.full((COUNT,), start) for start in STARTS[:2]])
    return stepped(*exactly(trial, dtype, starts, torch.finfo(trial.dtype).eps / 4), -torch.ones_like(starts))


def seeded(trial: Trial, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """The same step under two seeds, and whether random numbers were drawn for it."""
    found, drew = [], False
    for seed in (trial.arguments["seed"], trial.arguments["seed"] + 1):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(drawn(trial, dtype))
        drew |= not torch.equal(before, torch.get_rng_state())
    return found[0], found[1], drew


def draws(trial: Trial) -> Iterator[Observation]:
    """For a 16-bit parameter random numbers are drawn, or its step depends on the seed; for a float32 one not."""
    with torch.random.fork_rng(devices=[]):
        narrow, wide = (seeded(trial, dtype) for dtype in (trial.dtype, torch.float32))
    at_random = [drew or not torch.equal(one, other) for one, other, drew in (narrow, wide)]
    yield condition("random numbers for a 16-bit parameter alone", at_random != [True, False], "drawn", "none")


def unbiased(trial: Trial) -> Iterator[Observation]:
    """Of equal elements as many round up as the distance says, in each step anew."""
    with torch.random.fork_rng(devices=[]):
        one, other, _ = seeded(trial, trial.dtype)
        pair = [drawn(trial, trial.dtype) for _ in range(2)]
        taken = [dtype for dtype in (torch.float32, torch.float64) if not raised(partial(drawn, trial, dtype))]
        wide = [drawn(trial, dtype).double() for dtype in taken]
    anew = not torch.equal(one, other)
    yield condition("a parameter for which random numbers are drawn, under another seed", anew, "the same", "another")
    for n, start in enumerate(STARTS[:2]):
        part = slice(n * COUNT, (n + 1) * COUNT)
        yield from shares(trial, f"of {COUNT} elements of {start}", [x[part] for x in pair], [x[part] for x in wide])


def shares(trial: Trial, what: str, pair: list[torch.Tensor], wide: list[torch.Tensor]) -> Iterator[Observation]:
    """How many elements are above, and how many are twice on one side, are likely numbers."""
    exact = torch.stack([x[0] for x in wide])
    low, high = (float(end[0]) for end in between(exact[:1], trial.dtype))
    if low == high:
        return
    room = torch.finfo(torch.float32).eps * abs(high)
    least, most = ((float(end) - low) / (high - low) for end in (exact.min() - room, exact.max() + room))
    above = [x.double() == high for x in pair]
    legal = bool(((pair[0].double() == low) | above[0]).all())
    yield condition(f"{what}: the neighbours", legal, "others", f"{low} and {high}")
    chances = sorted((max(least, 0.0), min(most, 1.0)))
    up = int(above[0].sum())
    likely = not less_likely(up, COUNT, chances, UNLIKELY)
    yield condition(f"{what}: rounded up", likely, up, f"{chances[0]:.4f} to {chances[1]:.4f} of them")
    both = sorted(p * p + (1 - p) * (1 - p) for p in (*chances, *([0.5] if chances[0] < 0.5 < chances[1] else [])))
    twice = int((above[0] == above[1]).sum())
    likely = not less_likely(twice, COUNT, [both[0], both[-1]], UNLIKELY)
    yield condition(f"{what}: on the same side twice", likely, twice, f"{both[0]:.4f} to {both[-1]:.4f} of them")
