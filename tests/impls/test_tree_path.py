"""A path finds and replaces one leaf of a state's tree, whatever library made the tree."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from impls.worker.tree_path import leaf, replaced


class Moments(NamedTuple):
    count: int
    mu: float
    nu: float


class Empty(NamedTuple):
    pass


CHAIN = (Moments(3, 0.5, 0.25), Empty())


def test_a_path_finds_a_leaf() -> None:
    """Places of tuples and names of fields are joined by points."""
    assert leaf(CHAIN, "0.mu") == 0.5
    assert leaf(CHAIN, "0.1") == 0.5
    assert leaf(((CHAIN,),), "0.0.0.count") == 3


@pytest.mark.parametrize("path", ["1.mu", "2.mu", "0.trace", "x", "0.mu.real"])
def test_a_place_that_is_absent_is_none(path: str) -> None:
    """A tree without the place has no leaf there, so a state that is not kept is not invented."""
    assert leaf(CHAIN, path) is None


def test_a_replaced_leaf_leaves_the_rest() -> None:
    """The copy keeps its types, and the tree that was given is not changed."""
    after = replaced(CHAIN, "0.nu", 4.0)
    assert after == (Moments(3, 0.5, 4.0), Empty())
    assert isinstance(after[0], Moments)
    assert CHAIN[0].nu == 0.25


def test_a_place_that_is_absent_cannot_be_replaced() -> None:
    """The error names the places there are."""
    with pytest.raises(KeyError, match="count, mu, nu"):
        replaced(CHAIN, "0.trace", 1.0)
