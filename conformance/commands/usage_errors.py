"""What is wrong with a command line, in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class UsageError(Exception):
    """Something given is not legal; the message says what is."""


def nearest(what: str, given: str, known: Iterable[str]) -> UsageError:
    """Return the error of an unknown name, with the known names that are like it."""
    names = list(known)
    close = [name for name in names if name.casefold() == given.casefold()]
    close = close or difflib.get_close_matches(given, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"
    return UsageError(f"there is no {what} `{given}`; {hint}")


def pairs(given: Sequence[str], option: str = "--option") -> dict[str, str]:
    """Read the values of `--option NAME=VALUE`; raises ``UsageError`` for one without a value."""
    found = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"`{option} {item}` needs a value: {option} {item}=VALUE")
        found[name] = value
    return found


def among(what: str, given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names given, all that are known where there is none; raises ``UsageError`` for an unknown one."""
    for name in given:
        if name not in known:
            raise nearest(what, name, known)
    return tuple(given) or tuple(known)
