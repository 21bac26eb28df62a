"""The clauses that judge every point of a search against the reference on balls."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from conformance.contract.breach import SEARCH, Breach
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause, add
from conformance.contract.request import switched, target_of
from conformance.engine.claim import Plan
from conformance.engine.evidence import Exhibit, Tally
from conformance.engine.exhibits import PointsEntry, SearchEntry
from conformance.optimizers.subject import WorkerSubject
from conformance.searches.judging import SearchJudgement, judge
from conformance.searches.runs import SearchRun, followed, of_reference, one_by_one
from impls.session import every
from reference.formats import FLOAT64
from reference.lbfgs.minimiser import Settings
from reference.lbfgs.problems import EVERY, Problem

FROM_START = "search/from-start"
"""The clause of points that are judged from the start alone."""


class Iterates(Clause):
    """Each point is judged from what the optimizer saw and kept before it."""

    anchored = True

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        """Judge one course and add it to ``tally``; a point that is not decided counts as such."""
        judgement = self.judged(subject, case, tally)
        coordinates = len(case.arguments["start"])
        tally.cases += 1
        tally.element_cases += judgement.points * coordinates
        tally.values += judgement.judged * coordinates
        fault = judgement.fault
        if fault is None:
            tally.undecided += (judgement.points - judgement.judged) * coordinates
            return
        arguments = {**case.arguments, "legal": [*fault.path, fault.low, fault.high]}
        breach = Breach(
            dataclasses.replace(case, arguments=arguments),
            fault.what,
            0,
            dict(case.settings),
            {},
            (fault.low, fault.high),
            fault.got,
            expected=f"[{fault.low!r}, {fault.high!r}]",
            got=repr(fault.got),
            compared=SEARCH,
        )
        add([breach], tally, plan)

    def judged(self, subject: WorkerSubject, case: ClauseCase, tally: Tally) -> SearchJudgement:
        """Let the optimizer search, once as the case says and once iteration by iteration."""
        given = case.arguments
        settings = settings_of({**switched(case.switches), **given["settings"]})
        problem = dataclasses.replace(EVERY[given["problem"]], start=tuple(given["start"]))
        target = target_of(self, subject)
        run = partial(followed, target, problem, storage=subject.storage, session=subject.session)
        if not self.anchored:
            return judge(problem, settings, run(settings, given["steps"]), subject.storage)
        iterations = given["steps"] * given["iterations"]
        single = one_by_one(settings)
        course, twin = every(partial(run, settings, given["steps"]), partial(run, single, iterations))
        judgement = judge(problem, settings, course, subject.storage, twin.states)
        if given["iterations"] == 1 and subject.storage is FLOAT64:
            shown = _exhibit(problem, settings, given["steps"], course, judgement)
            tally.exhibits.append(Exhibit("search", msgspec.to_builtins(self._of_cells(shown, subject))))
        return judgement

    def _of_cells(self, shown: SearchEntry, subject: WorkerSubject) -> SearchEntry:
        """Return an exhibit with the cells that have the verdicts on its points."""
        return dataclasses.replace(
            shown,
            from_what_it_saw=dataclasses.replace(shown.from_what_it_saw, cell=subject.cell(self.identifier)),
            from_the_start=dataclasses.replace(shown.from_the_start, cell=subject.cell(FROM_START)),
        )


def _exhibit(
    problem: Problem, settings: Settings, steps: int, course: SearchRun, judgement: SearchJudgement
) -> SearchEntry:
    """Return what the report shows of a search that makes one iteration a step."""
    return SearchEntry(
        problem.title,
        (settings.line_search_fn or "none").replace("_", " "),
        course.losses,
        of_reference(problem, settings, steps, FLOAT64).losses,
        _points(judgement),
        _points(judge(problem, settings, course, FLOAT64)),
    )


def _points(judgement: SearchJudgement) -> PointsEntry:
    departed = judgement.fault.what if judgement.fault else ""
    return PointsEntry(judgement.points, judgement.judged, departed, judgement.widths)


class FromStart(Iterates):
    """Each point is judged from the start alone, as far as no comparison is open."""

    anchored = False


def settings_of(keywords: Mapping[str, Any]) -> Settings:
    """Return the settings that keywords of torch's optimizer mean."""
    known = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{key: value for key, value in keywords.items() if key in known})
