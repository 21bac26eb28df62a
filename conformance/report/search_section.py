"""Searches as entries of the report: what a minimiser visited, beside the reference and its enclosures."""

from __future__ import annotations

import itertools

from conformance.minimisation.course import followed, of_reference, one_by_one
from conformance.minimisation.judging import Judgement, judge
from conformance.report.model import PointsEntry, SearchEntry
from impls.session import Session
from reference.formats import FLOAT64
from reference.minimisation.lbfgs import Settings
from reference.minimisation.problems import PROBLEMS

TARGET = "torch.optim:LBFGS"
ITERATIONS = 40
LINE_SEARCHES = {"none": None, "strong Wolfe": "strong_wolfe"}


def search_entries(session: Session, target: str = TARGET) -> tuple[SearchEntry, ...]:
    """Search every problem without and with a line search, one iteration a step, in float64."""
    return tuple(
        search_entry(problem, line_search, session, target)
        for problem, line_search in itertools.product(PROBLEMS, LINE_SEARCHES)
    )


def search_entry(name: str, line_search: str, session: Session, target: str = TARGET) -> SearchEntry:
    """Let a target search one problem, and judge every point that it visits."""
    problem = PROBLEMS[name]
    settings = one_by_one(Settings(line_search_fn=LINE_SEARCHES[line_search]))
    course = followed(target, problem, settings, ITERATIONS, FLOAT64, session)
    return SearchEntry(
        problem.title,
        line_search,
        course.losses,
        of_reference(problem, settings, ITERATIONS, FLOAT64).losses,
        _points(judge(problem, settings, course, FLOAT64, course.states)),
        _points(judge(problem, settings, course, FLOAT64)),
    )


def _points(judgement: Judgement) -> PointsEntry:
    departed = judgement.fault.what if judgement.fault else ""
    return PointsEntry(judgement.points, judgement.judged, departed, judgement.widths)
