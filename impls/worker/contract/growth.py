"""Growth: what more is alive after each of many steps."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from .harness import Observation, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def alive() -> int:
    """The number of objects that hold others, as the collector knows them."""
    gc.collect()
    return len(gc.get_objects())


def grown(make_steps: Callable[[int], None], count: int) -> int:
    """How many more are alive after some steps, and after as many again: the smaller number of both."""
    seen = [alive()]
    for _ in range(2):
        make_steps(count)
        seen.append(alive())
    return min(seen[1] - seen[0], seen[2] - seen[1])


def no_growth(
    what: str, make_steps: Callable[[int], None], count: int, later: int, agreed: Callable[[bool], bool] = bool
) -> Iterator[Observation]:
    """Not one object more for each step is kept, or only so long until some number of them is full.

    That is looked at ``later``. Processes that make their steps together are ``agreed`` on whether more are made.
    """
    gc.collect()
    gc.freeze()  # what is alive already is looked at no more
    try:
        more = grown(make_steps, count)
        if agreed(more >= count):
            make_steps(later)
            more = grown(make_steps, count)
    finally:
        gc.unfreeze()
    yield condition(f"{what}: objects more after {count} steps", more < count, more, "fewer than one a step")
