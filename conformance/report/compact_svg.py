"""SVG without what nobody sees: names that nothing refers to, empty groups, digits below a tenth of a point."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from itertools import groupby

_COORDINATES = ("d", "x", "y", "transform", "points", "width", "height")
_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_CIRCLE = re.compile(r"M 0 ([0-9.]+)(?: C(?: -?[0-9.]+){6}){8} z$")
_UNTURNED = re.compile(r"rotate\(-?0(?: [-0-9.]+){2}\)$")
_STYLE = re.compile(r'(<\w[^<>]*?) style="([^"<>{}&]*)"')
"""The style of an element; in the text between elements there is no `<`, whatever words of others it holds."""
_DRAWN = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_REFERENCE = re.compile(r"#([^\")]+)")


def compact(text: str, prefix: str) -> str:
    """Return the same picture in fewer bytes; its names begin with ``prefix``, which is that of no other picture."""
    root = ET.fromstring(text)  # noqa: S314 our own drawing
    references = (name for item in root.iter() for value in item.attrib.values() for name in _REFERENCE.findall(value))
    own = {item.get("id") for item in root.iter()}  # other words after a number sign are colours
    names = {name: f"{prefix}{place}" for place, name in enumerate(n for n in dict.fromkeys(references) if n in own)}
    for item in root.iter():
        _renamed(item, names)
        _rounded(item)
    circles = {
        item.get("id", ""): found[1] for item in root.iter("path") if (found := _CIRCLE.match(item.get("d", "")))
    }
    _tidied(root, circles)
    return ET.tostring(root, encoding="unicode")


def with_classes(page: str) -> str:
    """Return a page whose drawings have classes for the styles that stand in them more than once.

    The rules of the classes end the first style sheet of the page.
    """
    times = Counter(style for drawn in _DRAWN.findall(page) for _, style in _STYLE.findall(drawn))
    names = {style: f"_{place}" for place, style in enumerate(s for s, count in times.items() if count > 1)}
    rules = "".join(f".{name}{{{style}}}\n" for style, name in names.items())

    def shorter(found: re.Match[str]) -> str:
        name = names.get(found[2])
        return f"{found[1]} class={name}" if name else found[0]

    drawn = _DRAWN.sub(lambda found: _STYLE.sub(shorter, found[0]), page)
    return drawn.replace("</style>", f"{rules}</style>", 1)


def _renamed(item: ET.Element, names: dict[str, str]) -> None:
    """Keep the name of an element where something refers to it, and no other."""
    own = item.attrib.pop("id", "")
    if own in names:
        item.set("id", names[own])
    for key, value in item.attrib.items():
        item.set(key, _REFERENCE.sub(lambda found: f"#{names.get(found[1], found[1])}", value))


def _rounded(item: ET.Element) -> None:
    for key in _COORDINATES:
        if key in item.attrib:
            shorter = _LONG.sub(lambda found: f"{float(found[0]):.1f}".rstrip("0").rstrip("."), item.attrib[key])
            item.set(key, " ".join(shorter.split()))
    if _UNTURNED.match(item.get("transform", "")):
        del item.attrib["transform"]


def _tidied(item: ET.Element, circles: Mapping[str, str]) -> None:
    """Leave out blanks between elements and groups that say nothing, and write marks in a row as one element.

    ``circles`` has the radius of each mark that is one.
    """
    children: list[ET.Element] = []
    for child in list(item):
        _tidied(child, circles)
        child.tail = (child.tail or "").strip() or None
        empty = child.tag in {"g", "defs"} and not len(child)
        children += [] if empty else list(child) if child.tag == "g" and not child.attrib else [child]
    for child in list(item):
        item.remove(child)
    if item.tag != "text":
        item.text = (item.text or "").strip() or None
    for (tag, mark, style), alike in groupby(
        children, lambda child: (child.tag, child.get("href"), child.get("style"))
    ):
        marks = list(alike)
        if len(marks) == 1 or tag != "use" or not mark or not style:
            item.extend(marks)
        elif mark[1:] in circles:
            item.append(_dots(marks, float(circles[mark[1:]]), style))
        else:
            item.append(_group(marks, style))


def _group(marks: list[ET.Element], style: str) -> ET.Element:
    """Return marks of one style in a group that has it."""
    group = ET.Element("g", {"style": style})
    for mark in marks:
        del mark.attrib["style"]
    group.extend(marks)
    return group


def _dots(marks: list[ET.Element], radius: float, style: str) -> ET.Element:
    """Return circles, whose edge has a width of one, as the round ends of lines without length."""
    colour = re.search(r"stroke: ([^;]+)", style)
    drawn = (
        f"stroke: {colour[1] if colour else 'currentColor'}; stroke-width: {2 * radius + 1:g}; stroke-linecap: round"
    )
    return ET.Element("path", {"d": "".join(f"M{m.get('x')} {m.get('y')}h0" for m in marks), "style": drawn})
