"""The request to the worker that makes an experiment."""

from __future__ import annotations

from typing import Any, Protocol

from conformance.contract.case import ClauseCase
from conformance.optimizers.setting_names import constructor_setting
from conformance.optimizers.shared_count import for_itself
from conformance.optimizers.subject import WorkerSubject
from spec.rule import ANY_RANK, ELEMENT, UpdateRule

OWN_PROGRAMS = ("side_effects.imported", "side_effects.leaves_nothing")
"""The experiments that begin a program, in which the optimizer is called anew."""


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
    tensors = [s for s in rule.states if not s.scalar and (not rule.elementwise or s.per == ELEMENT)]
    states = [keys[s.symbol.name] for s in tensors if s.symbol.name in keys]
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
            **(_called(subject, case) if clause.experiment in OWN_PROGRAMS else {}),
            **ranks,
            "states": states,
            "kept": kept_by(subject, rule),
            "whole": not rule.elementwise,
            "counter": subject.implementation.counter,
            "counters beside": list(subject.implementation.counters_beside),
            "target": target_of(clause, subject),
        },
    }


def _called(subject: WorkerSubject, case: ClauseCase) -> dict[str, Any]:
    """Return how a program of its own calls the target, with its objects by name."""
    return {"path": path_of(subject, case.switches), "calling": calling_of(subject)}


def calling_of(subject: WorkerSubject) -> dict[str, Any]:
    """Return how the experiments call a constructor: with settings as its param groups name them."""
    renamed = subject.renamed
    return {**subject.implementation.calling, **({"renamed": renamed} if renamed else {})}


def kept_by(subject: WorkerSubject, rule: UpdateRule) -> list[str]:
    """Return where all that the rule names of a parameter is kept, and its step count if it is the parameter's own."""
    item = subject.implementation
    counters = [] if item.counter is None else [item.counter]
    counter = [path for path in counters if for_itself(path)]
    return list(dict.fromkeys([*subject.keys(rule).values(), *item.derived, *counter]))


def target_of(clause: Tried, subject: WorkerSubject) -> str:
    """Return what a clause judges: the class that people call, where an adapter stands for it."""
    return subject.implementation.called if clause.searching else subject.implementation.target


def path_of(subject: WorkerSubject, switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the path and the variant."""
    return {**subject.path.constructor, **switched(switches)}


def switched(switches: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords that choose the variant."""
    return dict(constructor_setting(switch) for switch in switches)
