"""A formula reaches the page only as known MathML elements; anything else is shown as text."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser

ELEMENTS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mfrac",
        "msqrt",
        "mroot",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
        "merror",
        "mmultiscripts",
        "mprescripts",
    ]
)
"""The presentation elements of MathML Core."""

ATTRIBUTES = frozenset(
    [
        "accent",
        "accentunder",
        "columnalign",
        "columnspan",
        "displaystyle",
        "fence",
        "form",
        "largeop",
        "linethickness",
        "lspace",
        "mathvariant",
        "maxsize",
        "minsize",
        "movablelimits",
        "rowspan",
        "rspace",
        "scriptlevel",
        "separator",
        "stretchy",
        "symmetric",
        "width",
        "height",
        "depth",
    ]
)
"""The attributes that shape a formula and can load nothing."""

_RELATIONS = frozenset({"=", "←", "≔", ":="})


class UnknownMathMLError(ValueError):
    """A formula holds something that is not presentation MathML."""


@dataclass
class Element:
    """One element of a formula; its children are elements and texts."""

    name: str
    attributes: list[tuple[str, str]] = field(default_factory=list)
    children: list[Element | str] = field(default_factory=list)

    def text(self) -> str:
        """The characters of an element without its mark-up."""
        return "".join(c if isinstance(c, str) else c.text() for c in self.children).strip()

    def markup(self) -> str:
        """The element written out again, every text escaped."""
        shown = "".join(f' {name}="{html.escape(value)}"' for name, value in self.attributes)
        return f"<{self.name}{shown}>{_written(self.children)}</{self.name}>"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("math")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            raise UnknownMathMLError(f"`{tag}` is no element of MathML Core.")
        kept = [(name, value or "") for name, value in attrs if name in ATTRIBUTES]
        element = Element(tag, kept)
        self.open[-1].children.append(element)
        self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) < 2 or self.open.pop().name != tag:
            raise UnknownMathMLError(f"`</{tag}>` closes nothing.")

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise UnknownMathMLError(f"A formula holds no comment, but `{data[:40]}` is one.")

    def handle_decl(self, decl: str) -> None:
        raise UnknownMathMLError(f"A formula holds no declaration, but `{decl[:40]}` is one.")


def parse(mathml: str) -> Element:
    """A formula is a ``math`` element whose content is all known; its namespace is dropped."""
    reader = _Reader()
    reader.feed(mathml)
    reader.close()
    if len(reader.open) != 1:
        raise UnknownMathMLError(f"`<{reader.open[-1].name}>` is not closed.")
    children = [c for c in reader.root.children if not isinstance(c, str) or c.strip()]
    only = children[0] if len(children) == 1 else None
    if isinstance(only, Element) and only.name == "math":
        return only
    return Element("math", [], list(children))


def formula(mathml: str, text: str, *, block: bool = False) -> str:
    """A formula as HTML: MathML where it is known, else its plain text, escaped."""
    try:
        root = parse(mathml)
    except UnknownMathMLError:
        root = Element("math")
    if not root.text():
        return f"<code>{html.escape(text or mathml)}</code>"
    return _math(root.children, block=block)


def sides(mathml: str, text: str) -> tuple[str, str]:
    """A formula cut before its first relation sign, so that lines align at it."""
    try:
        children = _top(parse(mathml))
    except UnknownMathMLError:
        return "", formula(mathml, text)
    for place, child in enumerate(children):
        if isinstance(child, Element) and child.name == "mo" and child.text() in _RELATIONS:
            left = _math(children[:place], block=True) if place else ""
            return left, _math([Element("mrow"), *children[place:]], block=True)
    return "", formula(mathml, text, block=True)


def _top(root: Element) -> list[Element | str]:
    children = [c for c in root.children if not isinstance(c, str) or c.strip()]
    while len(children) == 1 and isinstance(children[0], Element) and children[0].name == "mrow":
        children = [c for c in children[0].children if not isinstance(c, str) or c.strip()]
    return children


def _math(children: list[Element | str], *, block: bool) -> str:
    display = ' display="block"' if block else ""
    return f"<math{display}>{_written(children)}</math>"


def _written(children: list[Element | str]) -> str:
    return "".join(html.escape(c) if isinstance(c, str) else c.markup() for c in children)
