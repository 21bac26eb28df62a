"""The request to the worker that makes an experiment."""

from __future__ import annotations

from typing import Any, Protocol

from conformance.contract.case import ClauseCase
from conformance.optimizers.subject import WorkerSubject, constructor_setting
from spec.rule import ANY_RANK, ELEMENT


class Tried(Protocol):
    """What is tried by an experiment in the worker."""

    @property
    def sentence(self) -> str:
        """What is so, in words."""

    @property
    def experiment(self) -> str:
        """Module and function of the experiment, as in ``state.round_trip``."""

    @property
    def searching(self) -> bool:
        """Whether it is about optimizers that call the function themselves."""


def request(clause: Tried, subject: WorkerSubject, case: ClauseCase) -> dict[str, Any]:
    """Return the header of the request that runs a case."""
    rule = subject.rules[case.switches]
    keys = subject.keys(rule)
    kept = [s for s in rule.states if not s.scalar and (not rule.elementwise or s.per == ELEMENT)]
    states = [keys[s.symbol.name] for s in kept if s.symbol.name in keys and is_key(keys[s.symbol.name])]
    counter = subject.implementation.counter
    least, most = rule.ranks
    ranks = {} if rule.ranks == (0, ANY_RANK) else {"ranks": [least, most]}
    return {
        "op": "contract",
        "target": target_of(clause, subject),
        "experiment": clause.experiment,
        "path": switched(case.switches) if clause.searching else path_of(subject, case.switches),
        "settings": subject.held_options(rule, case.settings),
        "dtype": subject.storage.name,
        "device": subject.device,
        "sparse": subject.implementation.gradient != "dense",
        "calling": calling_of(subject),
        "arguments": {
            **case.arguments,
            **({"own settings": subject.options(rule, case.settings)} if subject.renamed else {}),
            **ranks,
            "states": states,
            "whole": not rule.elementwise,
            "counter": counter if counter is not None and is_key(counter.removeprefix("group:")) else None,
            "target": target_of(clause, subject),
        },
    }


def calling_of(subject: WorkerSubject) -> dict[str, Any]:
    """Return how the experiments call a constructor: with settings as its param groups name them."""
    renamed = subject.renamed
    return {**subject.implementation.calling, **({"renamed": renamed} if renamed else {})}


def is_key(path: str) -> bool:
    """Tell whether a path is a key of a state, and nothing deeper or elsewhere."""
    return not any(mark in path for mark in "/:")


def target_of(clause: Tried, subject: WorkerSubject) -> str:
    """Return what a clause judges: the class that people call, where an adapter stands for it."""
    return subject.implementation.called if clause.searching else subject.implementation.target


def path_of(subject: WorkerSubject, switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the path and the variant."""
    return {**subject.path.constructor, **switched(switches)}


def switched(switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the variant."""
    return dict(constructor_setting(switch) for switch in switches)
