"""The clauses that judge every point of a search against the reference on balls."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from conformance.agreement import Tally
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause, switched, target_of
from conformance.contract.observation import Breach
from conformance.minimisation.course import followed, one_by_one
from conformance.minimisation.judging import Judgement, judge
from conformance.properties import Plan
from conformance.subject import WorkerSubject
from reference.lbfgs.minimiser import Settings
from reference.lbfgs.problems import EVERY


class Iterates(Clause):
    """Each point is judged from what the optimizer saw and kept before it."""

    anchored = True

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, _: Plan) -> None:
        """Judge one course and add it to ``tally``; a point that is not decided counts as such."""
        judgement = self.judged(subject, case)
        coordinates = len(case.arguments["start"])
        tally.cases += 1
        tally.element_cases += judgement.points * coordinates
        tally.values += judgement.judged * coordinates
        fault = judgement.fault
        if fault is None:
            tally.undecided += (judgement.points - judgement.judged) * coordinates
            return
        tally.outside += 1
        arguments = {**case.arguments, "legal": [*fault.path, fault.low, fault.high]}
        tally.failures.append(
            Breach(
                dataclasses.replace(case, arguments=arguments),
                fault.what,
                0,
                0,
                dict(case.settings),
                {},
                (fault.low, fault.high),
                fault.got,
                expected=f"[{fault.low!r}, {fault.high!r}]",
                got=repr(fault.got),
                compared="by the reference on balls",
            )
        )

    def judged(self, subject: WorkerSubject, case: ClauseCase) -> Judgement:
        """Let the optimizer search, once as the case says and once iteration by iteration."""
        given = case.arguments
        settings = settings_of({**switched(case.switches), **given["settings"]})
        problem = dataclasses.replace(EVERY[given["problem"]], start=tuple(given["start"]))
        target = target_of(self, subject)
        course = followed(target, problem, settings, given["steps"], subject.storage, subject.session)
        if not self.anchored:
            return judge(problem, settings, course, subject.storage)
        single = one_by_one(settings)
        iterations = given["steps"] * given["iterations"]
        twin = followed(target, problem, single, iterations, subject.storage, subject.session)
        return judge(problem, settings, course, subject.storage, twin.states)


class FromStart(Iterates):
    """Each point is judged from the start alone, as far as no comparison is open."""

    anchored = False


def settings_of(keywords: Mapping[str, Any]) -> Settings:
    """Return the settings that keywords of torch's optimizer mean."""
    known = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{key: value for key, value in keywords.items() if key in known})
