"""Growth: what more is alive after each of many steps."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from ..objects import framework_caches, set_aside
from .harness import Observation, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


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
    set_aside()
    caches = framework_caches()
    more = grown(make_steps, count, caches)
    if agreed(more >= count):
        make_steps(later)
        more = grown(make_steps, count, caches)
    yield condition(f"{what}: objects more after {count} steps", more < count, more, "fewer than one a step")
