"""A clause of the contract: a property that one experiment in the worker tries."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.catalogue.installed import version_of
from conformance.contract import settings
from conformance.contract.breach import EXACTLY, Breach
from conformance.contract.case import ClauseCase
from conformance.contract.clause_kind import CLAUSE
from conformance.contract.observation import differing, illegal, raising, read
from conformance.contract.request import request
from conformance.engine.claim import Claim, Kind, Plan
from conformance.engine.evidence import Evidence, Tally
from conformance.engine.exploration import Exploration
from conformance.engine.ledger import OPTIMIZERS, Entry, named
from conformance.engine.methods import STEP
from conformance.engine.verdict import Level
from conformance.optimizers.properties import LOCAL
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.asking import Asking
from impls.session import SuiteError, TargetError
from reference.profile import Profile
from spec.rule import UpdateRule

Arguments = Callable[[WorkerSubject, UpdateRule], Iterator[Mapping[str, Any]]]
Needs = Callable[[WorkerSubject], str]
ADDED = frozenset({"legal"})
"""Arguments that only the case of a finding carries."""
DRAWS = "two equal runs of it differ, as it draws at random: no two runs can be compared"
CALLS_ITSELF = "its steps call the function themselves: the clauses of searches speak of it"


def always(_: WorkerSubject) -> str:
    """Return nothing: the clause concerns every optimizer."""
    return ""


@dataclass(frozen=True, eq=False)
class Clause:
    """A clause: what it says, and the experiment that tries it.

    ``arguments`` yields the arguments of each run; ``needs`` says why a clause does not apply to
    a subject; ``promised`` says why nobody promises it of a subject, of which it then only should hold;
    ``every_path`` judges a result by the hull of all paths' profiles.  A clause *must* hold where
    breaking it leaves a program that is right with a result that is wrong or lost.  It *should* where only a
    mistake of the program, a setting out of range or a tensor given twice, goes unnoticed or is told badly, or
    where what the book allows is refused by an error.
    """

    identifier: str
    sentence: str
    source: str
    experiment: str
    arguments: Arguments
    needs: Needs = always
    level: Level = Level.MUST
    promised: Needs = always
    every_path: bool = False
    wider: Mapping[str, Any] = field(default_factory=dict)
    """What else the arithmetic may be in which the experiment lets the optimizer run."""
    switched_off: bool = False
    """Whether it is tried without decay and momentum too."""
    share: float = 1.0
    searching: bool = False
    """Whether it speaks of optimizers that call the function themselves."""
    methods: tuple[str, ...] = STEP
    of_repetition: bool = False
    """Whether it is about runs that are the same: of what draws at random no others are compared exactly."""

    @property
    def kind(self) -> Kind:
        """Its cases are runs of an experiment."""
        return CLAUSE

    @property
    def measures_power(self) -> bool:
        """Return False: no mutant is tried on its cases."""
        return False

    def concerns(self, subject: WorkerSubject) -> bool:
        """Return True: it is about every optimizer."""
        return True

    def unpromised(self, subject: WorkerSubject) -> str:
        """Return why nobody promises it of ``subject``, or nothing."""
        return self.promised(subject)

    def replayed_as(self, entry: Entry) -> Claim:
        """Return local agreement for a deviation in arithmetic, which shows best there."""
        return LOCAL if entry.narrows or entry.speaks_of(LOCAL.identifier) else self

    def applies(self, subject: WorkerSubject) -> str:
        """Return why the clause does not apply to ``subject``, or nothing."""
        if subject.implementation.framework != "torch":
            return "a reference is a function and has no life of its own"
        if self.searching != bool(subject.implementation.adapts):
            return CALLS_ITSELF if subject.implementation.adapts else "it does not call the function itself"
        return self.needs(subject)

    def cases(self, subject: WorkerSubject) -> Iterator[ClauseCase]:
        """Yield the cases of every variant of the subject's rule."""
        for switches, rule in subject.rules.items():
            chosen = [settings.active(rule, subject.fixed)]
            if self.switched_off:
                chosen += settings.bare(rule, subject.fixed)
            for arguments in self.arguments(subject, rule):
                yield from (ClauseCase(switches, each, arguments) for each in chosen)

    def asks(self, subject: WorkerSubject, case: ClauseCase) -> bool:
        """Tell whether a case is one of this clause's: it has the arguments that the experiment reads.

        Settings among them must be the subject's own: an entry's stored case has those of whom it was seen with.
        """
        names = set(case.arguments) - ADDED
        asked = (a for rule in subject.rules.values() for a in self.arguments(subject, rule))
        return any(names == set(a) and _settings_of(case.arguments) <= _settings_of(a) for a in asked)

    def judge(self, subject: WorkerSubject, plan: Plan) -> Evidence:
        """Judge the clause in all its cases; a worker that stops ends it."""
        exploration = Exploration(self.kind, refuses=subject.refuses)
        exploration.listed(self.cases(subject), lambda case: self.run(subject, case, exploration.evidence.tally, plan))
        return self.comparable(subject, exploration.evidence)

    def comparable(self, subject: WorkerSubject, evidence: Evidence) -> Evidence:
        """Return the evidence without what was compared exactly, where two equal runs of the subject differ."""
        tally = evidence.tally
        if not tally.failures or self.of_repetition or self.searching or not draws(subject):
            return evidence
        kept = [failure for failure in tally.failures if failure.compared != EXACTLY]
        if kept:
            evidence.tally = dataclasses.replace(tally, failures=kept, outside=sum(f.count for f in kept))
        else:
            evidence.tally = Tally(inapplicable=[DRAWS])
        return evidence

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        """Judge one case and add it to ``tally``."""
        rule = subject.rules[case.switches]
        answer = subject.session.request(request(self, subject, case))
        buffers = iter(answer.buffers)
        keys = subject.keys(rule)
        negated = {keys[symbol] for symbol in subject.negated(rule) if symbol in keys}
        error = answer.header["error"]
        if error is not None and error["ours"] != "True" and (refusal := _refusal(subject, case)):
            tally.refused.append(refusal)
            return
        tally.cases += 1
        for plain in answer.header["observations"]:
            tally.element_cases += plain["compared"]
            tally.values += plain["compared"]
            if not plain["differing"]:
                continue
            if "step" in plain:
                step = read(plain["step"], buffers, negated)
                found = illegal(subject, rule, case, plain, step, _profiles(subject, self), tally)
            else:
                found = [differing(case, plain)]
            add(found, tally, plan)
        if error is not None:
            if error["ours"] == "True":
                where = f"{clause_place(self)}, at `{error['line']}`"
                raise SuiteError(f"{error['message']}, in {where}", error["traceback"], clause_place(self))
            tally.element_cases += 1
            tally.values += 1
            add([raising(case, error)], tally, plan)


REPEATED = Clause("", "Two equal runs end equal.", "", "side_effects.repeated", lambda *_: iter(()))


def clause_place(clause: Clause) -> str:
    """Return where in the worker a clause's experiment stands."""
    return f"the experiment {clause.experiment}"


def _refusal(subject: WorkerSubject, case: ClauseCase) -> str:
    """Return what is said of the settings of a case alone, where code that declares nothing refuses them."""
    if subject.implementation.declared:
        return ""
    asking = Asking(subject)
    (answer,) = asking.answers([asking.trial(case.switches, case.settings)])
    if answer["ok"] or not subject.refuses(TargetError(answer["where"], answer["type"], answer["message"])):
        return ""
    return f"{answer['type']}: {answer['message']}"


def draws(subject: WorkerSubject) -> bool:
    """Tell whether two equal runs differ, as those of an optimizer do that rounds at random."""
    switches, rule = next(iter(subject.rules.items()))
    case = ClauseCase(switches, settings.active(rule, subject.fixed), {"size": 999, "steps": 2})
    header = request(REPEATED, subject, case)
    key = ("repeated", json.dumps([header, subject.path.name], sort_keys=True))
    answer = subject.session.remember(key, lambda: subject.session.request(header).header)
    return any(seen["differing"] for seen in answer["observations"])


def _settings_of(arguments: Mapping[str, Any]) -> set[str]:
    """Return the settings that arguments name: those given otherwise, and those given a bad value."""
    given: Mapping[str, Any] = arguments.get("other", {})
    return {*given, *(str(entry[0]) for entry in arguments.get("bad", ()))}


def add(found: list[Breach], tally: Tally, plan: Plan) -> None:
    """Add breaches to ``tally``, but for those that a known deviation explains."""
    for breach in found:
        if not plan.explained(breach):
            tally.fail(breach)


def _profiles(subject: WorkerSubject, clause: Clause) -> tuple[Profile, ...]:
    """Return the profiles by which a step is legal: known deviations in arithmetic are allowed for.

    They are judged by agreement; here they would only be found once more.
    """
    own = [(subject.path.name, subject.widest_profile)]
    if clause.every_path:
        there = subject.implementation.paths_on(subject.device)
        own += [
            (path.name, Profile.from_mapping(path.profile, subject.implementation.rule).on(subject.storage))
            for path in there
            if path.whole and path.name != subject.path.name
        ]
    return tuple(_widened(subject, name, profile).widened(clause.wider) for name, profile in own)


def _widened(subject: WorkerSubject, path: str, profile: Profile) -> Profile:
    cell = dataclasses.replace(subject.cell(LOCAL.identifier), path=path)
    known = (e for e in named(OPTIMIZERS) if e.profile and e.matches(cell, framework(subject)))
    entry = next(known, None)
    return profile if entry is None else profile.widened(entry.profile)


def framework(subject: WorkerSubject) -> str:
    """Return the version, seen by the worker, of the library that ships the implementation."""
    library, session = subject.implementation.library, subject.session
    return session.remember(("version", library), lambda: version_of(library, session))
