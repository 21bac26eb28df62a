"""What is alive in a worker is looked at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import torch

from impls.worker.objects import ORIGINAL, compiled_parts, framework_caches, set_aside


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Let the collector look at everything again."""
    yield
    gc.unfreeze()


def test_what_was_set_aside_is_looked_at_no_more() -> None:
    """The collector knows nothing of what is alive, and of what comes afterwards all."""
    kept = [[]]
    set_aside()
    later = [[]]
    alive = {id(item) for item in gc.get_objects()}
    assert id(kept) not in alive
    assert id(later) in alive


def step() -> None:
    """Stand for a step that is compiled."""


def test_what_is_compiled_is_named_however_often_it_is_asked_for() -> None:
    """A function that was given to torch.compile is named before and after it was set aside, and torch's are not."""
    made = [lambda: None, lambda: None]
    for function, original in zip(made, (step, torch.clone), strict=True):
        vars(function)[ORIGINAL] = original
    assert f"{__name__}.step" in compiled_parts()
    made.clear()
    assert f"{__name__}.step" in compiled_parts()
    assert not [name for name in compiled_parts() if name.startswith("torch")]


def test_caches_of_torch_are_found_however_often_it_is_asked_for() -> None:
    """What empties them is known after they were set aside."""
    first = framework_caches()
    assert torch.overrides.get_ignored_functions.cache_clear in first
    assert framework_caches() == first
