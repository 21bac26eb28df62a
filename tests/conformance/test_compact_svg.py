"""Pictures of the page are written in few bytes, and show the same."""

from __future__ import annotations

import re

from conformance.report.compact_svg import compact, with_classes
from conformance.report.plots import PLOT, drawing, svg

CIRCLE = "M 0 1.5 " + "C 1 1 1 1 1 1 " * 8 + "z"


def test_names_that_nothing_refers_to_and_empty_groups_are_left_out() -> None:
    """What is referred to keeps a name of its own, colours stay, and coordinates have one digit after the point."""
    path = '<g id="a"><g id="b"><path id="c" d="M 1.23456 2.00001"/></g></g>'
    text = f'<svg>{path} <use href="#c" x="1" style="fill: #101010"/><g id="d"/></svg>'
    small = '<svg><path d="M 1.2 2" id="p0" /><use href="#p0" x="1" style="fill: #101010" /></svg>'
    assert compact(text, "p") == small


def test_marks_in_a_row_say_once_what_they_share() -> None:
    """Circles become the round ends of one line, as wide as they are with their edge; other marks a group."""
    marks = "".join(f'<use href="#m" x="{x}" y="2" style="stroke: red"/>' for x in (1, 3))
    for shape, expected in (
        (CIRCLE, '<path d="M1 2h0M3 2h0" style="stroke: red; stroke-width: 4; stroke-linecap: round" />'),
        ("M 0 0 L 0 2", '<g style="stroke: red"><use href="#p0" x="1" y="2" /><use href="#p0" x="3" y="2" /></g>'),
    ):
        assert compact(f'<svg><defs><path id="m" d="{shape}"/></defs>{marks}</svg>', "p").endswith(f"{expected}</svg>")


def test_text_stays_as_it_is() -> None:
    """Numbers that are read are not rounded, and blanks between words stay."""
    assert (
        compact("<svg><text x='1.23456'>0.00012345 of a</text></svg>", "p")
        == '<svg><text x="1.2">0.00012345 of a</text></svg>'
    )


def test_a_style_of_many_elements_stands_once_in_the_page() -> None:
    """Elements of drawings have a class for it; a style that stands once, and words of others, stay as they are."""
    text = 'a style="color: red" b'
    drawn = "<svg>" + f'<path d="M1 2" style="color: red" /><text style="color: blue">{text}</text>' * 2
    once = '<g style="fill: none" /></svg>'
    page = with_classes(f'<style>p {{}}</style><p style="color: red">{text}</p>{drawn}{once}')
    short = f'<path d="M1 2" class=_0 /><text class=_1>{text}</text>' * 2
    rules = "._0{color: red}\n._1{color: blue}\n"
    assert page == f'<style>p {{}}{rules}</style><p style="color: red">{text}</p><svg>{short}{once}'


def test_a_plot_of_many_points_is_small_and_refers_to_what_it_has() -> None:
    """A thousand points take some twenty bytes each, and every reference leads to a name in the picture."""
    with drawing(300, 100) as figure:
        figure.add_axes((0.1, 0.1, 0.8, 0.8)).plot(range(1000), range(1000), ".", color=PLOT, markersize=0.8)
    text = svg(figure, "points", "points")
    assert len(text) < 30_000
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) <= set(re.findall(r'id="([^"]+)"', text))
