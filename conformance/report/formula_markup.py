"""Formulas as MathML: read, whoever hands it over, as the few elements that our printer writes, and written anew."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape, unescape

_LEAVES = frozenset({"mi", "mn", "mo", "mtext"})
"""Elements that hold text alone; all others hold elements alone."""
_PLAIN = _LEAVES | {"math", "mrow", "mover", "msub", "msup", "mfrac", "msqrt", "mtr", "mtd"}
_DRESSED = frozenset(
    {
        ("mo", ' stretchy="true"'),
        ("mover", ' accent="true"'),
        ("mspace", ' width="0.17em"'),
        ("mtable", ' columnalign="left"'),
    }
)
_DEEPEST = 100
"""So many elements may stand within each other; formulas of the rule book have fewer than thirty."""
_PART = re.compile(r"<(/?)(\w+)((?: [^<>]*)?)>|([^<>]+)")


@dataclass
class MarkupElement:
    """One element of a formula: a leaf with its text, or one with what is inside."""

    name: str
    attribute: str = ""
    text: str = ""
    inside: list[MarkupElement] = field(default_factory=list)

    def __str__(self) -> str:
        inside = "".join(map(str, self.inside))
        return f"<{self.name}{self.attribute}>{escape(self.text)}{inside}</{self.name}>"


def formula(markup: str) -> MarkupElement | None:
    """Return the formula that is written, or nothing where it is not, to the letter, as our printer writes one."""
    held = [MarkupElement("")]
    for closes, name, attribute, text in _PART.findall(markup):
        if text:
            if held[-1].name not in _LEAVES:
                return None
            held[-1].text += unescape(text)
        elif closes:
            if held.pop().name != name or not held:
                return None
        elif _known(name, attribute) and held[-1].name not in _LEAVES and len(held) <= _DEEPEST:
            held[-1].inside.append(MarkupElement(name, attribute))
            held.append(held[-1].inside[-1])
        else:
            return None
    return _whole(held[0], markup)


def _known(name: str, attribute: str) -> bool:
    return (name, attribute) in _DRESSED if attribute else name in _PLAIN


def _whole(top: MarkupElement, markup: str) -> MarkupElement | None:
    """Return the one formula that is inside where nothing of the markup is left out of it."""
    if [element.name for element in top.inside] != ["math"]:
        return None
    (found,) = top.inside
    return found if str(found) == markup else None


def sides(line: MarkupElement) -> tuple[MarkupElement, MarkupElement | None]:
    """Return the two sides of a line of a program, each as a block, so that lines align at the equals sign."""
    row = line.inside
    if len(row) == 1 and row[0].name == "mrow":
        row = row[0].inside
    place = next((n for n, part in enumerate(row) if part.name == "mo" and part.text == "="), None)
    if place is None:
        return _block(line.inside), None
    return _block(row[:place]), _block([MarkupElement("mrow"), *row[place:]])


def _block(inside: list[MarkupElement]) -> MarkupElement:
    return MarkupElement("math", ' display="block"', inside=inside)
