"""Finds states by their names, and by elimination, where their values do not show which is which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from conformance.recognition.synonyms import STATES


def named_alike(
    states: Sequence[tuple[str, str]], places: Mapping[str, int], sizes: Mapping[str, int]
) -> dict[str, str]:
    """Return the place of each state that is called after it, or is the only one left of its size.

    ``states`` are keywords and symbols of the rule, ``places`` map what is kept and belongs to no other state to its
    size, ``sizes`` those of the states.
    """
    found: dict[str, str] = {}
    for keyword, symbol in states:
        fitting = [place for place, size in places.items() if size == sizes[keyword] and place not in found.values()]
        called = [place for place in fitting if _last(place) in _names(keyword, symbol)]
        if len(called) == 1:
            found[keyword] = called[0]
    left = [keyword for keyword, _ in states if keyword not in found]
    if len(left) == 1:
        fitting = [place for place, size in places.items() if size == sizes[left[0]] and place not in found.values()]
        if len(fitting) == 1:
            found[left[0]] = fitting[0]
    return found


def _names(keyword: str, symbol: str) -> Collection[str]:
    return {_plain(name) for name in (keyword, symbol, *STATES.get(keyword, ()))}


def _last(place: str) -> str:
    """Return the last name of a path that is no number or star."""
    parts = [part for part in place.partition(":")[2].split("/") if ":" in place] or place.split("/")
    words = [part for part in parts if not part.isdigit() and part != "*"]
    return _plain(words[-1]) if words else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "")
