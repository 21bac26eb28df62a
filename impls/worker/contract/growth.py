"""Growth: what more is alive after each of many steps."""

from __future__ import annotations

import functools
import gc
import sys
from typing import TYPE_CHECKING, Any

import torch

from .harness import Observation, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def framework_caches() -> list[Callable[[], Any]]:
    """What empties the caches of torch's own functions: what they keep of each number is no optimizer's."""
    kind = type(functools.lru_cache(framework_caches))
    every = [x for x in gc.get_objects() if type(x) is kind]
    found = [x.cache_clear for x in every if str(getattr(x, "__module__", "")).partition(".")[0] == "torch"]
    fake = getattr(sys.modules.get("torch._subclasses.fake_tensor"), "FakeTensorMode", None)
    native = getattr(torch, "_C", None)
    others = (getattr(fake, "cache_clear", None), getattr(native, "_clear_DTensor_sharding_propagator_cache", None))
    return [*found, *(clear for clear in others if clear is not None)]


def alive(caches: Sequence[Callable[[], Any]]) -> int:
    """The number of objects that hold others, as the collector knows them, with some caches empty."""
    for clear in caches:
        clear()
    gc.collect()
    return len(gc.get_objects())


def grown(make_steps: Callable[[int], None], count: int, caches: Sequence[Callable[[], Any]]) -> int:
    """How many more are alive after some steps, and after as many again: the smaller number of both."""
    seen = [alive(caches)]
    for _ in range(2):
        make_steps(count)
        seen.append(alive(caches))
    return min(seen[1] - seen[0], seen[2] - seen[1])


def no_growth(
    what: str, make_steps: Callable[[int], None], count: int, later: int, agreed: Callable[[bool], bool] = bool
) -> Iterator[Observation]:
    """Not one object more for each step is kept, or only so long until some number of them is full.

    That is looked at ``later``. Processes that make their steps together are ``agreed`` on whether more are made.
    """
    caches = framework_caches()
    gc.collect()
    gc.freeze()  # what is alive already is looked at no more
    try:
        more = grown(make_steps, count, caches)
        if agreed(more >= count):
            make_steps(later)
            more = grown(make_steps, count, caches)
    finally:
        gc.unfreeze()
    yield condition(f"{what}: objects more after {count} steps", more < count, more, "fewer than one a step")
