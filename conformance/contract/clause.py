"""A clause of the contract: a property that one experiment in the worker tries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.agreement import Tally
from conformance.contract import settings
from conformance.contract.case import ClauseCase
from conformance.contract.observation import Breach, differing, illegal, raising, read
from conformance.exploration import Exploration
from conformance.installation import version_of
from conformance.ledger import load
from conformance.properties import Judged, Plan
from conformance.subject import WorkerSubject, constructor_setting
from impls.session import Session, TargetError, WorkerFailure
from reference.profile import Profile
from spec.rule import ANY_RANK, ELEMENT, UpdateRule

Arguments = Callable[[WorkerSubject, UpdateRule], Iterator[Mapping[str, Any]]]
Needs = Callable[[WorkerSubject], str]
ADDED = frozenset({"legal"})
"""Arguments that a finding has and a request has not."""
CALLS_ITSELF = "its steps call the function themselves: the clauses of searches speak of it"


def always(_: WorkerSubject) -> str:
    """Return nothing: the clause concerns every optimizer."""
    return ""


@dataclass(frozen=True, eq=False)
class Clause:
    """A clause: what it says, and the experiment that tries it.

    ``arguments`` yields the arguments of each run; ``needs`` says why a clause does not apply to
    a subject; ``every_path`` judges a result by the hull of all paths' profiles.
    """

    identifier: str
    sentence: str
    source: str
    experiment: str
    arguments: Arguments
    needs: Needs = always
    every_path: bool = False
    wider: Mapping[str, Any] = field(default_factory=dict)
    """What else the arithmetic may be in which the experiment lets the optimizer run."""
    switched_off: bool = False
    """Whether it is tried without decay and momentum too."""
    of_settings: bool = True
    searching: bool = False
    """Whether it speaks of optimizers that call the function themselves."""

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
        """Tell whether a case is one of this clause's: it has the arguments that the experiment reads."""
        names = set(case.arguments) - ADDED
        asked = (a for rule in subject.rules.values() for a in self.arguments(subject, rule))
        return any(names == set(arguments) for arguments in asked)

    def judge(self, subject: WorkerSubject, plan: Plan) -> Judged:
        """Judge the clause in all its cases; a worker that stops ends it."""
        judged = Judged()
        for case in self.cases(subject):
            try:
                self.run(subject, case, judged.tally, plan)
            except (TargetError, WorkerFailure) as stop:
                judged.exploration = Exploration(stop)
                break
        return judged

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        """Judge one case and add it to ``tally``."""
        rule = subject.rules[case.switches]
        answer = subject.session.request(request(self, subject, case))
        buffers = iter(answer.buffers)
        keys = subject.keys(rule)
        negated = {keys[symbol] for symbol in subject.negated(rule) if symbol in keys}
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
        error = answer.header["error"]
        if error is not None:
            if error["ours"] == "True":
                raise WorkerFailure(
                    "protocol",
                    f"the experiment could not go on: {error['message']}, at `{error['line']}`",
                    "make the optimizer show what torch.optim.Optimizer shows",
                )
            tally.element_cases += 1
            tally.values += 1
            add([raising(case, error)], tally, plan)

    def breaches(self, subject: WorkerSubject, case: ClauseCase) -> list[Breach]:
        """Return the breaches of one case, none where the worker stops."""
        tally = Tally()
        try:
            self.run(subject, case, tally, Plan(1, 1, 0))
        except (TargetError, WorkerFailure):
            return []
        return [failure for failure in tally.failures if isinstance(failure, Breach)]


def add(found: list[Breach], tally: Tally, plan: Plan) -> None:
    """Add breaches to ``tally``, but for those that a known deviation explains."""
    new = [breach for breach in found if not plan.explained(breach)]
    tally.failures += new
    tally.outside += sum(breach.count for breach in new)


def request(clause: Clause, subject: WorkerSubject, case: ClauseCase) -> dict[str, Any]:
    """Return the header of the request that runs a case."""
    rule = subject.rules[case.switches]
    keys = subject.keys(rule)
    kept = [s for s in rule.states if not s.scalar and (rule.whole or s.per == ELEMENT)]
    states = [keys[s.symbol.name] for s in kept if s.symbol.name in keys]
    least, most = rule.ranks
    ranks = {} if rule.ranks == (0, ANY_RANK) else {"ranks": [least, most]}
    return {
        "op": "contract",
        "target": target_of(clause, subject),
        "experiment": clause.experiment,
        "path": switched(case.switches) if clause.searching else path_of(subject, case.switches),
        "settings": subject.options(rule, case.settings),
        "dtype": subject.storage.name,
        "device": subject.device,
        "sparse": subject.implementation.gradient != "dense",
        "arguments": {
            **case.arguments,
            **ranks,
            "states": states,
            "whole": rule.whole,
            "counter": subject.implementation.counter,
            "target": target_of(clause, subject),
        },
    }


def target_of(clause: Clause, subject: WorkerSubject) -> str:
    """Return what a clause judges: the class that people call, where an adapter stands for it."""
    return subject.implementation.called if clause.searching else subject.implementation.target


def path_of(subject: WorkerSubject, switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the path and the variant."""
    return {**subject.path.constructor, **switched(switches)}


def switched(switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the variant."""
    return dict(constructor_setting(switch) for switch in switches)


def _profiles(subject: WorkerSubject, clause: Clause) -> tuple[Profile, ...]:
    """Return the profiles by which a step is legal: known deviations in arithmetic are allowed for.

    They are judged by agreement; here they would only be found once more.
    """
    own = [(subject.path.name, subject.profile)]
    if clause.every_path:
        others = (path for path in subject.implementation.paths if path.name != subject.path.name)
        own += [
            (path.name, Profile.from_mapping(path.profile).on(subject.storage))
            for path in others
            if path.whole and subject.device in path.devices
        ]
    return tuple(_widened(subject, name, profile).widened(clause.wider) for name, profile in own)


def _widened(subject: WorkerSubject, path: str, profile: Profile) -> Profile:
    from conformance.verdict import Cell

    cell = Cell(
        subject.implementation.identifier, path, subject.device, subject.storage.name, "agreement/local"
    )
    entry = next((e for e in load() if e.profile and e.matches(cell, framework(subject))), None)
    return profile if entry is None else profile.widened(entry.profile)


@functools.lru_cache(maxsize=64)
def _version(library: str, session: Session) -> str:
    return version_of(library, session)


def framework(subject: WorkerSubject) -> str:
    """Return the version, seen by the worker, of the library that ships the implementation."""
    return _version(subject.implementation.library, subject.session)
