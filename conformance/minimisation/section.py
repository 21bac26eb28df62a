"""Searches in the report: what a minimiser visited, beside the reference and its enclosures."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Any, cast

import matplotlib as mpl
from matplotlib.figure import Figure

from conformance.minimisation.course import Course, followed, of_reference, one_by_one
from conformance.minimisation.judging import Judgement, judge
from conformance.report.plots import INK, KILLED, PLOT, SETTINGS, svg
from conformance.training.plots import dressed
from impls.session import Session
from reference.formats import FLOAT64
from reference.lbfgs.minimiser import Settings
from reference.lbfgs.problems import PROBLEMS

TARGET = "torch.optim:LBFGS"
ITERATIONS = 40
WIDTH, HEIGHT = 640.0, 190.0
HEADINGS = (
    "problem", "line search", "calls", "loss at first", "loss at last", "points inside, from what it saw",
    "points inside, from the start", "widest enclosure",
)  # fmt: skip


@dataclass(frozen=True)
class Search:
    """A problem searched by torch and by the reference, one iteration a step, in float64."""

    title: str
    line_search: str
    course: Course
    reference: Course
    anchored: Judgement
    from_start: Judgement

    @property
    def row(self) -> tuple[str, ...]:
        """The figures, in the order of ``HEADINGS``."""
        return (
            self.title, self.line_search, f"{len(self.course.visited):,}", f"{self.course.losses[0]:.6g}",
            f"{self.course.losses[-1]:.6g}", _inside(self.anchored), _inside(self.from_start),
            f"{max(self.anchored.widths):.2g}",
        )  # fmt: skip


def _inside(judgement: Judgement) -> str:
    if judgement.fault is not None:
        return f"{judgement.judged:,}, then outside: {judgement.fault.what}"
    rest = judgement.points - judgement.judged
    return f"{judgement.judged:,}" + (f", {rest:,} undecided" if rest else "")


def searches(session: Session) -> tuple[Search, ...]:
    """Search every problem without and with a line search."""
    return tuple(
        _search(name, chosen, session) for name, chosen in itertools.product(PROBLEMS, (None, "strong_wolfe"))
    )


def _search(name: str, chosen: str | None, session: Session) -> Search:
    problem, settings = PROBLEMS[name], one_by_one(Settings(line_search_fn=chosen))
    course = followed(TARGET, problem, settings, ITERATIONS, FLOAT64, session)
    return Search(
        problem.title,
        "strong Wolfe" if chosen else "none",
        course,
        of_reference(problem, settings, ITERATIONS, FLOAT64),
        judge(problem, settings, course, FLOAT64, course.states),
        judge(problem, settings, course, FLOAT64),
    )


def section(of: Iterable[Search]) -> str:
    """Return the section as HTML: the figures of all searches, and the curves of each."""
    found = list(of)
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADINGS)
    rows = "".join(_row(item.row) for item in found)
    return "\n".join(
        [
            '<section id="searches">',
            "<h2>Searches</h2>",
            "<p>L-BFGS calls the function itself. Every point at which torch calls it is judged twice: from "
            "the losses and gradients that it saw and the pairs that it kept, and from the start alone, as "
            "far as rounding leaves no comparison open.</p>",
            f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>',
            *(
                f"<h3>{html.escape(item.title)}, line search: {item.line_search}</h3>{curves(item)}"
                for item in found
            ),
            "</section>",
        ]
    )


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = (html.escape(cell) for cell in cells)
    others = "".join(f'<td class="number">{cell}</td>' for cell in rest)
    return f'<tr><th scope="row">{first}</th>{others}</tr>'


def curves(search: Search) -> str:
    """Return an SVG: on the left the loss by call, on the right the widths of both enclosures."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    with mpl.rc_context(cast("Any", SETTINGS)):
        losses = figure.add_axes((0.08, 0.17, 0.38, 0.68))
        losses.plot([x or nan for x in search.reference.losses], color=INK, linewidth=2.4, alpha=0.35,
                    label="reference")  # fmt: skip
        losses.plot([x or nan for x in search.course.losses], ".", color=PLOT, markersize=3, label="torch")
        widths = figure.add_axes((0.58, 0.17, 0.40, 0.68))
        for judgement, style, colour, name in (
            (search.anchored, ".", PLOT, "from what it saw"),
            (search.from_start, "-", KILLED, "from the start"),
        ):
            shown = [w or nan for w in judgement.widths]
            widths.plot(shown, style, color=colour, linewidth=1.1, markersize=3, label=name)
        for axes, title in ((losses, "loss by call"), (widths, "width of the enclosure of a point")):
            axes.set_yscale("log")
            dressed(axes, title)
            axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    name = f"search-{search.title}-{search.line_search}".replace(" ", "-")
    return svg(figure, name, f"Loss and enclosures of L-BFGS on {search.title} by call of the function")
