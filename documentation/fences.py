"""Fenced blocks of Markdown: a language, and marks that say how the tests run it.

````markdown
```console thorough
$ stepproof check torch.optim:SGD --budget 2
```
````
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

OPENING = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<info>[^`]*)$")
MARK = re.compile(r'(?P<name>[a-z]+)(?:=(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+)))?(?:\s+|$)')


class FenceError(ValueError):
    """A block is not closed, or what stands after its fence cannot be read."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its marks by name, its text, and the number of its first line from 1.

    A mark without a value has an empty one.
    """

    language: str
    marks: dict[str, str] = field(default_factory=dict)
    text: str = ""
    line: int = 1


def read_info(info: str) -> tuple[str, dict[str, str]]:
    """Return the language and the marks that stand after a fence; raises ``FenceError`` for anything else."""
    language, _, rest = info.strip().partition(" ")
    marks, place, rest = {}, 0, rest.strip()
    while place < len(rest):
        found = MARK.match(rest, place)
        if not found:
            raise FenceError(f"`{rest[place:]}` is no mark; write words, or word=value, after the language")
        marks[found["name"]] = found["quoted"] or found["plain"] or ""
        place = found.end()
    return language, marks


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page; raises ``FenceError`` for one that is not closed."""
    lines = text.splitlines()
    place = 0
    while place < len(lines):
        opening = OPENING.match(lines[place])
        place += 1
        if not opening:
            continue
        first, indent = place, len(opening["indent"])
        while place < len(lines) and lines[place].strip() != opening["fence"]:
            place += 1
        if place == len(lines):
            raise FenceError(f"the block that begins in line {first} is not closed")
        language, marks = read_info(opening["info"])
        inside = "".join(f"{line[indent:]}\n" for line in lines[first:place])
        yield Block(language, marks, inside, first)
        place += 1


def without_marks(text: str) -> str:
    """Return a page as its readers see it: of the marks, the name of a file alone is left, as a title."""
    lines, inside = [], ""
    for line in text.splitlines():
        opening = OPENING.match(line)
        if inside:
            inside = "" if line.strip() == inside else inside
        elif opening:
            inside = opening["fence"]
            language, marks = read_info(opening["info"])
            title = f' title="{marks["file"]}"' if "file" in marks else ""
            line = f"{opening['indent']}{opening['fence']}{language}{title}"  # noqa: PLW2901 as it is shown
        lines.append(line)
    return "\n".join(lines) + "\n"
