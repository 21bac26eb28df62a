"""A path names one leaf of a tree of tuples and named tuples: `0.mu` is the field `mu` of the first."""

from __future__ import annotations

from typing import Any


def leaf(tree: Any, path: str) -> Any:
    """The leaf at a path is None where the tree has no such place."""
    for name in path.split("."):
        tree = _child(tree, name)
        if tree is None:
            return None
    return tree


def replaced(tree: Any, path: str, value: Any) -> Any:
    """A copy of the tree has another value at a path; a path that is not there raises KeyError."""
    name, _, rest = path.partition(".")
    child = _child(tree, name)
    if child is None:
        raise KeyError(f"{type(tree).__name__} has no place `{name}`; name one of {_places(tree)}")
    new = replaced(child, rest, value) if rest else value
    if hasattr(tree, "_replace") and not name.isdigit():
        return tree._replace(**{name: new})
    place = int(name)
    items = (*tree[:place], new, *tree[place + 1 :])
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


def _child(tree: Any, name: str) -> Any:
    if name.isdigit():
        is_sequence = isinstance(tree, (tuple, list)) and int(name) < len(tree)
        return tree[int(name)] if is_sequence else None
    return getattr(tree, name, None) if name in getattr(tree, "_fields", ()) else None


def _places(tree: Any) -> str:
    if hasattr(tree, "_fields"):
        return ", ".join(tree._fields)
    return ", ".join(str(place) for place in range(len(tree))) if isinstance(tree, (tuple, list)) else "none"
