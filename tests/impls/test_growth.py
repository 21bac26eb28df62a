"""What an optimizer keeps of each step is counted, and what torch's own caches keep is not."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from impls.worker.contract.growth import no_growth


def _caching(module: str) -> Callable[[int], None]:
    """Return steps of which each leaves an entry in the cache of a function of a module."""

    def kept(number: int) -> list[int]:
        return [number]

    kept.__module__ = module
    cached, made = functools.lru_cache(None)(kept), iter(range(10_000))

    def make_steps(count: int) -> None:
        for _ in range(count):
            cached(next(made))

    make_steps.cached = cached  # type: ignore[attr-defined]
    return make_steps


@pytest.mark.parametrize(("module", "grows"), [("torch.distributed.tensor", False), ("fast.optimizer", True)])
def test_a_cache_of_torch_is_no_growth_and_one_of_the_optimizer_is(module: str, grows: bool) -> None:
    """An entry for each step counts where it is the optimizer's own."""
    (seen,) = no_growth("of each step", _caching(module), 20, 40)
    assert bool(seen.differing) is grows
